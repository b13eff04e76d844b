import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuilderFacts, builderPromises } from './builder-promises.ts';
import type { Case, Outcome } from './case.ts';
import { errorOf, type Nix, warningsOf } from './nix.ts';

const vm = join(import.meta.dirname, '../../vm');
const systems = ['x86_64-linux', 'aarch64-linux'];

/** The builder VM: what its configuration promises, and that the ways to build it lead to a derivation. */
export function builderCases(nix: Nix): Case[] {
  return systems.flatMap((system) => [
    { what: 'builder: configuration', system, evaluate: () => checkConfiguration(nix, system) },
    { what: 'builder: vm/default.nix', system, evaluate: () => instantiateDefault(nix, system) },
    { what: 'builder: vm/flake.nix', system, evaluate: () => evaluateFlake(nix, system) },
  ]);
}

async function checkConfiguration(nix: Nix, system: string): Promise<Outcome> {
  const expression = join(import.meta.dirname, 'builder.nix');
  const ran = await nix.run([
    ...['nix-instantiate', '--eval', '--strict', '--json', '--read-write-mode'],
    ...['-I', `nixpkgs=${nix.nixpkgs}`, '--argstr', 'system', system, expression],
  ]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  const facts: BuilderFacts = JSON.parse(ran.out);
  const broken: string[] = [];
  for (const [promise, check] of Object.entries(builderPromises)) {
    try {
      check(facts, system);
    } catch (error) {
      broken.push(`${promise}: ${error instanceof Error ? error.message : error}`);
    }
  }
  assert.deepEqual(warningsOf(ran), []);
  if (broken.length > 0) throw new Error(broken.join('; '));
  return { result: 'ok', detail: `${Object.keys(builderPromises).length} promises kept` };
}

/** As the container does that makes the ISO. */
async function instantiateDefault(nix: Nix, system: string): Promise<Outcome> {
  const ran = await nix.run([
    ...['nix-instantiate', vm, '-I', `nixpkgs=${nix.nixpkgs}`, '--argstr', 'system', system],
  ]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  assert.deepEqual(warningsOf(ran), []);
  return { result: 'ok', detail: ran.out.trim().replace('/nix/store/', '') };
}

async function evaluateFlake(nix: Nix, system: string): Promise<Outcome> {
  await checkLock(nix);
  const { path } = await nix.lockedNixpkgs();
  const ran = await nix.run([
    ...['nix', 'eval', '--raw', `path:${vm}#packages.${system}.default.drvPath`],
    ...['--override-input', 'nixpkgs', `path:${path}`, '--no-write-lock-file'],
  ]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  // That the lock is overridden here is the one thing it may say.
  assert.deepEqual(
    warningsOf(ran).filter((warning) => !warning.includes('not writing modified lock file')),
    [],
  );
  return { result: 'ok', detail: ran.out.trim().replace('/nix/store/', '') };
}

/** Nix reads flake.lock and finds nothing in it to change. */
async function checkLock(nix: Nix): Promise<void> {
  const ran = await nix.run([
    ...['nix', 'flake', 'metadata', '--json', '--offline', '--no-update-lock-file', `path:${vm}`],
  ]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  const { locks } = JSON.parse(ran.out);
  assert.deepEqual(locks, JSON.parse(await readFile(join(vm, 'flake.lock'), 'utf8')));
}
