import assert from 'node:assert/strict';
import { failingLines } from '../../../src/builds/explain-failure.ts';
import { knownCause } from '../../../src/builds/known-causes.ts';

describe('failingLines', () => {
  it('puts the error first, then what was printed before it, without Nix’s own chatter', () => {
    const log = `these 2 derivations will be built:
  /nix/store/aaaa-x.drv
building '/nix/store/aaaa-x.drv'...
cc: fatal mistake
error: builder for '/nix/store/aaaa-x.drv' failed with exit code 7
`;
    assert.deepEqual(failingLines(log), [
      "error: builder for '/nix/store/aaaa-x.drv' failed with exit code 7",
      'Before that:',
      '  cc: fatal mistake',
    ]);
  });

  it('takes the innermost of nested errors, and names files as the person knows them', () => {
    const log = `error:
       … while evaluating list element at index 0

       error: attribute 'mkFroce' missing
       at /nexus_bootstrap/builds/20261120-134633-9f30/source/bad.nix:1:38:
       Did you mean mkForce?
`;
    const lines = failingLines(log);
    assert.deepEqual(lines.slice(0, 3), [
      "error: attribute 'mkFroce' missing",
      'at bad.nix:1:38:',
      'Did you mean mkForce?',
    ]);
  });

  it('gives the last lines when nothing is called an error', () => {
    assert.deepEqual(failingLines('one\ntwo\n\n'), ['one', 'two']);
  });

  it('has nothing to say of an empty log', () => {
    assert.deepEqual(failingLines(''), []);
  });
});

describe('knownCause', () => {
  // Every line below was printed by the real thing: Nix 2.26 with nixpkgs 26.11pre, or the Linux kernel.
  const cases: [string, RegExp][] = [
    [
      'error: The option `fileSystems."/".device\' has conflicting definition values:',
      /hardware-configuration/,
    ],
    [
      "error: The option `system.build.installBootLoader' is defined multiple times while it's expected to be unique.",
      /boot\.loader/,
    ],
    ['error: writing to file: No space left on device', /NEXUS_VM_DISK/],
    [
      "warning: unable to download 'https://cache.nixos.org/nix-cache-info': Could not resolve host: cache.nixos.org",
      /network/,
    ],
    ["error: The option `image.modules' does not exist.", /25\.05/],
    ["error: path '/nexus/hardware-configuration.nix' does not exist", /folder/],
    ["error: hash mismatch in fixed-output derivation '/nix/store/x.drv'", /downloaded/],
    ["error: builder for '/nix/store/x.drv' failed due to signal 9 (Killed)", /NEXUS_VM_MEMORY/],
  ];
  for (const [line, advice] of cases) {
    it(`advises on: ${line.slice(0, 70)}`, () => {
      assert.match(knownCause(line) ?? '', advice);
    });
  }

  it('says nothing of what it does not know', () => {
    assert.equal(knownCause("error: attribute 'x' missing"), undefined);
  });
});
