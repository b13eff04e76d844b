import assert from 'node:assert/strict';
import { nearest } from '../../../src/builds/nearest.ts';

describe('nearest', () => {
  it('finds what was mistyped, and what contains the word, best first', () => {
    assert.deepEqual(nearest('amazn', ['azure', 'amazon', 'iso']), ['amazon']);
    assert.deepEqual(nearest('qemu', ['qemu-efi', 'raw']), ['qemu-efi']);
  });

  it('finds nothing when nothing is near', () => {
    assert.deepEqual(nearest('kubernetes', ['iso', 'raw']), []);
  });
});
