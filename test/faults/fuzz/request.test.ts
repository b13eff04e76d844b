import assert from 'node:assert/strict';
import fc from 'fast-check';
import { nearest } from '../../../src/builds/nearest.ts';
import { planBuild } from '../../../src/builds/plan.ts';
import { type BuildRequest, parseRequest } from '../../../src/builds/request.ts';
import { renderScript } from '../../../src/builds/script.ts';
import { resolveVariant } from '../../../src/builds/variants.ts';
import { NexusError } from '../../../src/errors.ts';
import { check } from './check.ts';
import { hostileText, isPlainText } from './hostile.ts';
import { nearRequest } from './requests.ts';

/** The request, or nothing when it was refused in the way that is promised. */
function accepted(value: unknown): BuildRequest | undefined {
  try {
    return parseRequest(value);
  } catch (error) {
    assert.ok(error instanceof NexusError, `not refused but broken: ${error}`);
    assert.match(error.code, /^(request-invalid|unknown-variant)$/);
    return undefined;
  }
}

/** Every text in a value, names of members too. */
function texts(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...texts(member)]);
}

function checkAccepted(value: unknown): void {
  const request = accepted(value);
  if (!request) return;
  for (const text of texts(request)) assert.ok(isPlainText(text), `accepted ${JSON.stringify(text)}`);
  assert.deepEqual(
    parseRequest(JSON.parse(JSON.stringify(request))),
    request,
    'stored and read, it is the same',
  );
  const script = renderScript('id', planBuild(request, { nixpkgs: '/nixpkgs', system: 'x86_64-linux' }));
  assert.ok(script.startsWith('# nexus-build: id\n'));
  assert.ok(isPlainText(script));
}

const script = { kind: 'script', name: 'x', script: 'true' };
const image = { kind: 'image', name: 'x', source: '0'.repeat(64), configuration: 'a.nix' };

describe('The schema of requests', () => {
  it('refuses whatever is no request, in the words of a request', async () => {
    await check(300, fc.anything({ withNullPrototype: true, withBigInt: true }), checkAccepted);
  });

  it('accepts nothing that a file, a program’s argument or Nix could not say', async () => {
    await check(500, nearRequest, checkAccepted, [
      { ...script, script: 'a\0b' },
      { ...script, script: 'a\ud800b' },
      { ...image, variants: ['iso'], configuration: '\udc00' },
      { ...image, variants: ['iso'], nixpkgs: '/\0' },
      { ...image, variants: ['iso\0'] },
    ]);
  });

  it('refuses members that are of the wrong kind or too many', async () => {
    const keys = fc.constantFrom(
      'kind',
      'name',
      'source',
      'script',
      'variants',
      'modules',
      'diskSize',
      '__proto__',
    );
    await check(300, fc.tuple(nearRequest, keys, fc.jsonValue()), ([request, key, value]) =>
      checkAccepted({ ...request, [key]: value }),
    );
  });

  it('is not kept busy by words of megabytes', async () => {
    const long = fc
      .integer({ min: 5000, max: 2 ** 22 })
      .chain((length) => hostileText.map((text) => text + 'x'.repeat(length)));
    await check(10, long, (word) => {
      assert.equal(accepted({ ...image, variants: [word] }), undefined);
      assert.throws(() => resolveVariant(word), NexusError);
      assert.deepEqual(
        nearest(
          word,
          Array.from({ length: 10_000 }, (_, index) => `20260911-101500-${index}`),
        ),
        [],
      );
      for (const field of ['name', 'kind', 'source', 'configuration', 'nixpkgs', 'system', word]) {
        assert.equal(accepted({ ...image, variants: ['iso'], [field]: word }), undefined);
      }
    });
  });
});
