import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { checkBoot } from '../../../src/boot/check-boot.ts';
import type { BootOrder } from '../../../src/boot/machine.ts';
import { plainQemu } from '../../../src/boot/plain-qemu.ts';
import { bootSector } from '../../fixtures/boot-sector.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { processesNaming } from '../../fixtures/sshd.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

describe('The boot check', () => {
  let folder: TempFolder;

  before(async function () {
    const { failed } = await execa('qemu-system-x86_64', ['--version'], { reject: false });
    skipUnless(
      this,
      failed ? 'qemu-system-x86_64 is missing (Debian: apt-get install qemu-system-x86)' : undefined,
    );
    folder = await tempFolder();
  });

  after(() => folder?.[Symbol.asyncDispose]());

  const check = async (
    prints: string,
    { pattern, limitMs = 40_000 }: { pattern?: RegExp; limitMs?: number } = {},
  ) => {
    const image = folder.file('a, disk.img');
    const before = bootSector(prints);
    await writeFile(image, before);
    const order: BootOrder = {
      ...{ image, format: 'raw', firmware: 'bios', architecture: 'x86_64', memory: 64 },
      ...{ network: false, restarts: false, credentials: {} },
    };
    const signal = new AbortController().signal;
    const result = await checkBoot({ place: plainQemu, order, pattern, limitMs, signal });
    assert.deepEqual(await processesNaming(image.replaceAll(',', ',,')), [], 'a machine was left');
    return result;
  };

  it('takes a login prompt for a system that is up, and shows its screen', async () => {
    const { verdict, why, serial, screenshot } = await check('\r\n\x1b[0mnixos login: ');
    assert.equal(verdict, 'booted', why);
    assert.match(serial, /nixos login: $/);
    assert.deepEqual(screenshot?.subarray(1, 4).toString(), 'PNG');
  });

  it('waits for a pattern when one is given', async () => {
    const { verdict, why } = await check('nixos login: then ready-42', { pattern: /ready-\d+/ });
    assert.equal(verdict, 'booted', why);
    assert.match(why, /ready-\\d\+/);
  });

  it('tells what a kernel says that has panicked', async () => {
    const { verdict, why } = await check(
      '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n',
    );
    assert.equal(verdict, 'failed');
    assert.equal(why, 'the kernel panicked: VFS: Unable to mount root fs');
  });

  it('says that it cannot tell when nothing told how far the boot came', async () => {
    const { verdict, why, screenshot } = await check('', { limitMs: 4000 });
    assert.equal(verdict, 'unclear');
    assert.match(why, /nothing came on the serial console within 4 s/);
    assert.ok(screenshot);
  });

  it('says what QEMU says of an image that it cannot read', async () => {
    const order: BootOrder = {
      ...{ image: folder.file('missing.qcow2'), format: 'qcow2', firmware: 'bios', architecture: 'x86_64' },
      ...{ memory: 64, network: false, restarts: false, credentials: {} },
    };
    const signal = new AbortController().signal;
    await assert.rejects(
      checkBoot({ place: plainQemu, order, limitMs: 20_000, signal }),
      /QEMU ended with status 1: .*missing\.qcow2/s,
    );
  });
});
