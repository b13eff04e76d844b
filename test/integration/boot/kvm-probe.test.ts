import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { kvmProbe } from '../../../src/boot/kvm-probe.ts';
import { limitMs, skipUnless } from '../../fixtures/limits.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

describe('the guest of the KVM probe', () => {
  for (const architecture of ['x86_64', 'aarch64'] as const) {
    it(`ends QEMU with the status that proves it on ${architecture}`, async function () {
      const { program } = kvmProbe(architecture);
      const { failed } = await execa(program, ['--version'], { reject: false });
      skipUnless(this, failed ? `${program} is missing (Debian: apt-get install qemu-system)` : undefined);
      await using folder = await tempFolder();
      const { args, code, provenStatus } = kvmProbe(architecture, 'tcg', folder.file('probe.img'));
      await writeFile(folder.file('probe.img'), code);
      const { exitCode, stderr } = await execa(program, args, { reject: false, timeout: limitMs });
      assert.equal(exitCode, provenStatus, stderr);
    });

    it(`hangs without its instructions on ${architecture}, so nothing else has that status`, async function () {
      const { program } = kvmProbe(architecture);
      const { failed } = await execa(program, ['--version'], { reject: false });
      skipUnless(this, failed ? `${program} is missing` : undefined);
      await using folder = await tempFolder();
      const { args, code, provenStatus } = kvmProbe(architecture, 'tcg', folder.file('probe.img'));
      // `b .` and `jmp .`: a guest that runs for ever.
      if (architecture === 'aarch64') code.writeUInt32LE(0x14000000);
      else code.writeUInt16LE(0xfeeb);
      await writeFile(folder.file('probe.img'), code);
      const { exitCode, timedOut } = await execa(program, args, {
        reject: false,
        timeout: 1500,
        killSignal: 'SIGKILL',
      });
      assert.ok(timedOut);
      assert.notEqual(exitCode, provenStatus);
    });
  }
});
