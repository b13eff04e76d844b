import assert from 'node:assert/strict';
import type { BuildRequest } from '../../../src/builds/request.ts';
import { requestKey } from '../../../src/builds/request-key.ts';

const revision = '0123456789abcdef0123456789abcdef01234567';
const around = { nixpkgs: revision, system: 'x86_64-linux', files: ['flake.nix', 'flake.lock'] };
const source = '0'.repeat(64);
const nix = { kind: 'nix', name: 'x', source, file: 'default.nix' } as const;
const flake = { kind: 'flake', name: 'x', attribute: 'image' } as const;
const image = {
  kind: 'image',
  name: 'x',
  source,
  configuration: 'c.nix',
  variants: ['iso'],
  modules: [],
} as const;

describe('requestKey', () => {
  const fixed: [what: string, request: BuildRequest][] = [
    ['a Nix file', nix],
    ['an image', { ...image, variants: ['iso'], modules: [] }],
    ['a Nix file with a revision', { ...nix, nixpkgs: revision }],
    ['a flake with its lock file', { ...flake, source }],
    ['a flake of a revision', { ...flake, flake: `github:owner/repository/${revision}` }],
    ['a Git flake of a revision', { ...flake, flake: `git+https://host/x?ref=main&rev=${revision}` }],
  ];
  for (const [what, request] of fixed) {
    it(`is the same for ${what} every time`, () => {
      const key = requestKey(request, around);
      assert.match(key ?? '', /^[0-9a-f]{32}$/);
      assert.equal(requestKey({ ...request, priority: 3, rebuild: true }, around), key);
      assert.notEqual(requestKey({ ...request, name: 'y' }, around), key);
      assert.notEqual(requestKey(request, { ...around, system: 'aarch64-linux' }), key);
    });
  }

  it('tells apart what is built from another nixpkgs', () => {
    const other = revision.replace('0', '1');
    assert.notEqual(requestKey(nix, { ...around, nixpkgs: other }), requestKey(nix, around));
    assert.equal(
      requestKey({ ...nix, nixpkgs: other }, around),
      requestKey(nix, { ...around, nixpkgs: other }),
    );
  });

  const moving: [what: string, request: BuildRequest, more?: Partial<typeof around>][] = [
    ['a script', { kind: 'script', name: 'x', script: 'true' }],
    ['a Nix file of a channel', { ...nix, nixpkgs: 'nixos-unstable' }],
    ['a Nix file of a path', { ...nix, nixpkgs: '/home/user/nixpkgs' }],
    ['a Nix file where a channel is the default', nix, { nixpkgs: 'nixos-26.05' }],
    ['a flake without a lock file', { ...flake, source }, { files: ['flake.nix'] }],
    ['a flake of a branch', { ...flake, flake: 'github:owner/repository/main' }],
    ['a flake of a default branch', { ...flake, flake: 'github:owner/repository' }],
    [
      'a flake whose branch looks like a revision',
      { ...flake, flake: `github:owner/repository/${revision}x` },
    ],
  ];
  for (const [what, request, more] of moving) {
    it(`is none for ${what}`, () => assert.equal(requestKey(request, { ...around, ...more }), undefined));
  }
});
