import assert from 'node:assert/strict';
import { aliases, resolveVariant, variantInfo, variantNames } from '../../../src/builds/variants.ts';
import { NexusError } from '../../../src/errors.ts';

describe('variants', () => {
  it('are the 26 of nixpkgs, and vm', () => {
    assert.equal(variantNames.length, 27);
  });

  it('have a purpose and an ending each', () => {
    for (const name of variantNames) {
      const { makes, extension } = variantInfo(name);
      assert.ok(makes.length > 0 && /^[a-z0-9.]+$/.test(extension), name);
    }
  });

  it('are found by the names of nixos-generators too', () => {
    assert.equal(resolveVariant('qcow'), 'qemu');
    for (const [alias, variant] of Object.entries(aliases)) assert.equal(resolveVariant(alias), variant);
  });

  const cases: [string, RegExp][] = [
    ['isso', /Did you mean iso/],
    ['vmwar', /Did you mean vmware/],
    ['docker', /dockerTools/],
    ['nothing-like-it', /nexus variants/],
  ];
  for (const [name, hint] of cases) {
    it(`are not guessed: ${name} is refused with advice`, () => {
      assert.throws(
        () => resolveVariant(name),
        (error: unknown) =>
          error instanceof NexusError && error.code === 'unknown-variant' && hint.test(error.hint ?? ''),
      );
    });
  }
});
