import fc from 'fast-check';
import { conversions, parseRequest } from '../../../src/builds/request.ts';
import { variantNames } from '../../../src/builds/variants.ts';
import { hostileText } from './hostile.ts';

const source = '0'.repeat(64);
const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const word = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 1, arbitrary: fc.constant('a/b.nix') },
);
const convert = maybe(fc.constantFrom(...conversions));
const nixpkgs = maybe(hostileText.map((text) => `/${text}`));
const flake = maybe(hostileText.map((text) => `github:a/${text.replace(/[\s#]/gu, '')}`));

const image = {
  name,
  variants: fc.uniqueArray(fc.constantFrom(...variantNames), { minLength: 1, maxLength: 3 }),
  system: maybe(fc.constantFrom('x86_64-linux', 'aarch64-linux')),
  diskSize: maybe(fc.integer({ min: 64, max: 16 * 1024 * 1024 })),
  imageName: maybe(name),
  modules: fc.array(word, { maxLength: 3 }),
  convert,
};

/** Requests of the right form whose words are anything. */
export const nearRequest: fc.Arbitrary<Record<string, unknown>> = fc
  .oneof(
    fc.record({
      kind: fc.constant('image'),
      ...image,
      source: fc.constant(source),
      configuration: word,
      nixpkgs,
    }),
    fc.record({
      kind: fc.constant('flake-image'),
      ...image,
      source: maybe(fc.constant(source)),
      flake,
      host: maybe(word),
    }),
    fc.record({
      ...{ kind: fc.constant('nix'), name, source: fc.constant(source), file: word },
      ...{ attribute: maybe(word), nixpkgs, convert },
    }),
    fc.record({
      kind: fc.constant('flake'),
      name,
      source: fc.constant(source),
      flake,
      attribute: word,
      convert,
    }),
    fc.record({ kind: fc.constant('script'), name, source: maybe(fc.constant(source)), script: word }),
  )
  .map((request) => Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)));

/** Those of them that are accepted. */
export const hostileRequest = nearRequest.filter(isAccepted);

function isAccepted(request: unknown): boolean {
  try {
    parseRequest(request);
    return true;
  } catch {
    return false;
  }
}
