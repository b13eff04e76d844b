import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type PlanDefaults, planBuild, sourceFolder } from '../../src/builds/plan.ts';
import type { BuildRequest } from '../../src/builds/request.ts';
import { renderScript } from '../../src/builds/script.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { errorOf, type Nix, warningsOf } from './nix.ts';

/** Stand-ins for what a script calls once it has evaluated. */
const commands = join(import.meta.dirname, 'commands');

export interface Tried {
  derivations: string[];
  warnings: string[];
}

export interface TryOptions {
  nix: Nix;
  request: BuildRequest;
  /** The tar archive of the request's source. */
  source: Buffer;
  /** System of the builder. */
  system: string;
}

/**
 * Plans a request and runs the very script that would go into the pipe, in a folder like that of a build. Real Nix
 * evaluates; only building is left out.
 * @throws {NexusError} when the product refuses the request.
 * @throws what went wrong in the script.
 */
export async function tryBuild({ nix, request, source, system }: TryOptions): Promise<Tried> {
  const defaults: PlanDefaults = { nixpkgs: nix.nixpkgs, system };
  const script = renderScript('try', planBuild(request, defaults));
  await using folder = await tempFolder();
  const build = folder.file('builds', 'try');
  await mkdir(join(build, sourceFolder), { recursive: true });
  const tried = folder.file('tried');
  await Promise.all([
    writeFile(join(build, 'script'), script),
    writeFile(folder.file('source.tar'), source),
    writeFile(tried, ''),
  ]);
  await nix.run(['tar', '-xf', folder.file('source.tar'), '-C', join(build, sourceFolder)]);
  await lockFlakeTo(nix, join(build, sourceFolder, 'flake.lock'));
  const ran = await nix.run(['bash', 'script'], {
    cwd: build,
    before: commands,
    env: { NEXUS_BUILD_ID: 'try', NEXUS_BUILD_DIR: build, NEXUS_TRIED: tried },
  });
  if (ran.status !== 0) throw new Error(errorOf(ran));
  const derivations = (await readFile(tried, 'utf8')).split('\n').filter((line) => line !== '');
  if (derivations.length === 0) throw new Error('the script ended without building anything');
  return { derivations, warnings: warningsOf(ran) };
}

/** A flake is evaluated with the nixpkgs at hand in place of the one of its lock, which would have to be fetched. */
async function lockFlakeTo(nix: Nix, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const lock = JSON.parse(text);
  lock.nodes.nixpkgs.locked = await nix.lockedNixpkgs();
  await writeFile(file, JSON.stringify(lock));
}
