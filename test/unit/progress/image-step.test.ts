import assert from 'node:assert/strict';
import { writesImage } from '../../../src/progress/image-step.ts';

describe('writesImage', () => {
  for (const name of [
    'nixos-disk-image',
    'nixos-minimal-26.05-x86_64-linux.iso',
    'squashfs.img',
    'nixos.qcow2',
    'ext4-fs.img.zst',
    'smoke.img',
    'make-disk-image',
  ]) {
    it(`knows ${name}`, () => assert.ok(writesImage(name)));
  }
  for (const name of [
    'linux-6.12',
    'imagemagick-7.1',
    'unit-image-cleaner.service',
    'isolate-2.0',
    'initrd-linux-6.12',
  ]) {
    it(`takes ${name} for an ordinary derivation`, () => assert.ok(!writesImage(name)));
  }
});
