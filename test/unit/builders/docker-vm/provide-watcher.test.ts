import assert from 'node:assert/strict';
import { warningsIn } from '../../../../src/builders/docker-vm/provide-watcher.ts';

describe('warningsIn', () => {
  it('finds our warnings and leaves those of Nix', () => {
    const said =
      'nexus warning: it is in memory\nwarning: unknown setting\nnexus warning: the disk is not ours\n';
    assert.deepEqual(warningsIn(said), ['it is in memory', 'the disk is not ours']);
    assert.deepEqual(warningsIn(''), []);
  });
});
