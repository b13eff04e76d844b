import assert from 'node:assert/strict';
import { toRemove } from '../../../../src/builders/vm-settings/put-settings.ts';

describe('toRemove', () => {
  const list = '/etc/nix/machines\n/etc/nix/ssh/old\n/etc/passwd\n';

  it('is what was put there and is not wanted any more, never anything else', () => {
    assert.deepEqual(toRemove(list, [{ path: '/etc/nix/machines' }]), ['/etc/nix/ssh/old']);
    assert.deepEqual(toRemove(list, []), ['/etc/nix/machines', '/etc/nix/ssh/old']);
  });

  it('is nothing the first time', () => {
    assert.deepEqual(toRemove('', [{ path: '/etc/nix/machines' }]), []);
  });
});
