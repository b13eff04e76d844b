import assert from 'node:assert/strict';
import { parseRequest } from '../../../src/builds/request.ts';
import { howToUse } from '../../../src/cli/use-image.ts';

const image = (variants: string[], more = {}) =>
  parseRequest({
    kind: 'image',
    name: 'x',
    source: '0'.repeat(64),
    configuration: 'c.nix',
    variants,
    ...more,
  });

describe('howToUse', () => {
  it('tells how to write an ISO to a stick and how to boot it', () => {
    const said = howToUse('artifacts/a.iso', image(['iso']));
    assert.match(said[0] ?? '', /sudo dd if=artifacts\/a\.iso of=\/dev\/sdX /);
    assert.match(said[1] ?? '', /qemu-system-x86_64 .* -cdrom artifacts\/a\.iso$/);
  });

  it('knows the format of a disk, its firmware and its system', () => {
    assert.match(
      howToUse('a.qcow2', image(['qemu-efi'])).join(),
      /-bios \S+OVMF\.fd -drive file=a\.qcow2,format=qcow2$/,
    );
    assert.match(howToUse('a.img', image(['raw'])).join('\n'), /dd if=a\.img[\s\S]*format=raw$/);
    const arm = howToUse('a.qcow2', image(['qemu-efi'], { system: 'aarch64-linux' })).join();
    assert.match(arm, /qemu-system-aarch64 -machine virt/);
  });

  it('quotes a name that a shell would take apart', () => {
    assert.match(howToUse("my 'disk.iso", image(['iso']))[0] ?? '', /if='my '\\''disk\.iso' of/);
  });

  it('says nothing of other files', () => {
    assert.deepEqual(howToUse('a.tar.gz', image(['lxc'])), []);
    assert.deepEqual(howToUse('x', parseRequest({ kind: 'script', name: 'x', script: 'true' })), []);
  });
});
