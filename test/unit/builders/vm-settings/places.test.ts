import assert from 'node:assert/strict';
import { isPlace, sortSettings } from '../../../../src/builders/vm-settings/places.ts';

describe('sortSettings', () => {
  it('knows where each setting belongs', () => {
    const { places, unknown } = sortSettings(['nix.conf', 'machines', 'environment', 'ssh/id_ed25519']);
    assert.deepEqual(places, [
      { name: 'nix.conf', path: '/etc/nix/nexus.conf' },
      { name: 'machines', path: '/etc/nix/machines' },
      { name: 'environment', path: '/etc/nexus/environment' },
      { name: 'ssh/id_ed25519', path: '/etc/nix/ssh/id_ed25519' },
    ]);
    assert.deepEqual(unknown, []);
  });

  it('passes over what explains the folder and what is hidden', () => {
    const names = ['README.md', '.gitignore', '.DS_Store', 'ssh/README', 'ssh/.keep'];
    assert.deepEqual(sortSettings(names), { places: [], unknown: [] });
  });

  it('names what means nothing', () => {
    const names = ['nix.conf~', 'Machines', 'toString', 'ssh/a b', 'ssh/a\nb', 'ssh/-x', 'netrc'];
    assert.deepEqual(sortSettings(names), { places: [], unknown: names });
  });
});

describe('isPlace', () => {
  it('is true of every place that settings go to, and of nothing else', () => {
    for (const path of [
      '/etc/nix/nexus.conf',
      '/etc/nix/machines',
      '/etc/nexus/environment',
      '/etc/nix/ssh/key',
    ])
      assert.ok(isPlace(path), path);
    for (const path of [
      '',
      '/',
      '/etc/nix/nix.conf',
      '/etc/nix/ssh',
      '/etc/nix/ssh/',
      '/etc/nix/ssh/../x',
      '/etc/passwd',
    ])
      assert.ok(!isPlace(path), path);
  });
});
