import assert from 'node:assert/strict';
import { pinnedNixpkgs } from '../../src/config.ts';
import { nixpkgsLocation } from '../../src/nixpkgs.ts';
import { throws } from '../fixtures/fails.ts';

describe('nixpkgsLocation', () => {
  const archive = `https://github.com/NixOS/nixpkgs/archive/${pinnedNixpkgs}.tar.gz`;
  const right: [given: string, location: string][] = [
    ['/nix/nixpkgs', '/nix/nixpkgs'],
    ['/with space', '/with space'],
    [pinnedNixpkgs, archive],
    ['nixos-26.05', 'https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz'],
    ['nixos-unstable-small', 'https://channels.nixos.org/nixos-unstable-small/nixexprs.tar.xz'],
    ['nixpkgs-unstable', 'https://channels.nixos.org/nixpkgs-unstable/nixexprs.tar.xz'],
  ];
  for (const [given, location] of right) {
    it(`finds ${given}`, () => assert.equal(nixpkgsLocation(given), location));
  }

  const wrong = [
    '',
    'nixpkgs',
    'nixos-',
    'nixos-26.05/../x',
    'nixos-26.05 x',
    pinnedNixpkgs.slice(1),
    './x',
    '26.05',
  ];
  for (const given of wrong) {
    it(`refuses ${JSON.stringify(given)} and says what would do`, () => {
      assert.match(throws(() => nixpkgsLocation(given), 'request-invalid').hint ?? '', /nixos-26\.05/);
    });
  }
});
