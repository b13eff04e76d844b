import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { environmentForPrograms } from '../../config.ts';
import { messageOf, NexusError } from '../../errors.ts';

/** What the watcher and our scripts call, and the Debian package that has it. */
const programs = {
  'nix-build': 'nix-bin',
  inotifywait: 'inotify-tools',
  jq: 'jq',
  flock: 'util-linux',
  tar: 'tar',
} as const;

const installHint =
  'On Debian and Ubuntu: sudo apt-get install nix-bin inotify-tools jq. Elsewhere: https://nixos.org/download and your distribution’s inotify-tools and jq.';

/** @throws {NexusError} `no-builder` naming every program that is missing or does not start. */
export async function checkPrograms(): Promise<void> {
  if (process.platform !== 'linux') {
    throw new NexusError(
      'no-builder',
      `This machine cannot be a builder: it runs ${process.platform}, not Linux`,
      {
        hint: 'Use the VM: start Docker and choose --builder docker-vm.',
      },
    );
  }
  const missing = await missingPrograms();
  if (missing.length > 0) {
    throw new NexusError('no-builder', `This machine cannot be a builder: it has no ${missing.join(', ')}`, {
      hint: installHint,
    });
  }
  try {
    await promisify(execFile)('nix-build', ['--version'], { timeout: 10_000 });
  } catch (error) {
    throw new NexusError('no-builder', `Nix does not work here: ${messageOf(error)}`, {
      hint: installHint,
      cause: error,
    });
  }
}

export async function missingPrograms(): Promise<string[]> {
  const found = await Promise.all(Object.keys(programs).map(isInPath));
  return Object.keys(programs).filter((_, index) => !found[index]);
}

async function isInPath(program: string): Promise<boolean> {
  for (const folder of (environmentForPrograms().PATH ?? '').split(delimiter)) {
    if (await can(join(folder, program), constants.X_OK)) return true;
  }
  return false;
}

const can = (path: string, mode: number) =>
  access(path, mode).then(
    () => true,
    () => false,
  );

/**
 * Root without a Nix daemon builds as members of the group `nixbld`; distributions' packages do not always
 * make that group, and Nix then refuses to build anything ("the group 'nixbld' … does not exist").
 */
export async function nixEnvironment(env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const needed =
    process.getuid?.() === 0 && !(await can('/nix/var/nix/daemon-socket/socket', constants.F_OK));
  if (!needed || (await hasGroup('nixbld'))) return env;
  return { ...env, NIX_CONFIG: `${env.NIX_CONFIG ?? ''}\nbuild-users-group =` };
}

async function hasGroup(name: string): Promise<boolean> {
  const groups = await readFile('/etc/group', 'utf8');
  return groups.split('\n').some((line) => line.startsWith(`${name}:`));
}
