import assert from 'node:assert/strict';
import { parseRequest } from '../../src/builds/request.ts';
import { aliases, type Variant, variantInfo, variantNames } from '../../src/builds/variants.ts';
import type { Case, Outcome } from './case.ts';
import { makesDiskOf } from './disk-size.ts';
import type { Nix } from './nix.ts';
import { recordRequest } from './record-request.ts';
import { shownOutcome, tryCommand } from './try-command.ts';

/** Names neither file systems nor a boot loader. */
const configuration = 'examples/hello-iso';

/** Every variant as on a builder of either system, and every other name for one. */
export function variantCases(nix: Nix): Case[] {
  return [
    ...variantNames.map((variant) => variantCase(nix, variant, 'x86_64-linux')),
    ...variantNames.map((variant) => variantCase(nix, variant, 'aarch64-linux')),
    ...Object.entries(aliases).map(([alias, variant]) => aliasCase(alias, variant)),
  ];
}

function variantCase(nix: Nix, variant: Variant, system: string): Case {
  const { systems, disk } = variantInfo(variant);
  const exists = systems?.includes(system) ?? true;
  const arguments_ = ['build', configuration, '--variant', variant, '--image-name', 'named'];
  if (disk === 'sized') arguments_.push('--disk-size', '20G');
  return {
    what: `variant ${variant}`,
    system,
    async evaluate(): Promise<Outcome> {
      const tried = await tryCommand(nix, arguments_, system);
      assert.equal('refused' in tried, !exists, `refused: ${'refused' in tried}`);
      if ('derivations' in tried && disk === 'sized') {
        for (const derivation of tried.derivations) await checkDiskSize(nix, derivation);
      }
      return shownOutcome(tried);
    },
  };
}

async function checkDiskSize(nix: Nix, derivation: string): Promise<void> {
  assert.ok(await makesDiskOf(20 * 1024, derivation, nix), `--disk-size has no effect on ${derivation}`);
}

function aliasCase(alias: string, variant: Variant): Case {
  return {
    what: `alias ${alias}`,
    system: 'any',
    async evaluate(): Promise<Outcome> {
      const { request } = await recordRequest(['build', configuration, '--variant', alias]);
      const { kind, ...rest } = parseRequest(request);
      assert.deepEqual(
        { kind, variants: 'variants' in rest && rest.variants },
        { kind: 'image', variants: [variant] },
      );
      return { result: 'ok', detail: `is ${variant}` };
    },
  };
}
