import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Engine } from '../builders/docker-vm/engine.ts';
import { messageOf, systemCodeOf } from '../errors.ts';
import { type Check, pass, warn } from './finding.ts';

const oldestEngine = '20.10';

/** Without an Engine this machine may still build by itself, so that it is missing is no failure yet. */
export function checkEngine(engine: Engine): Check {
  return {
    ...{ id: 'docker', title: 'Docker Engine' },
    async look() {
      try {
        await engine.ping();
        const { version, system, architecture } = await engine.describe();
        const what = `${version}, ${system} on ${architecture}`;
        return older(version, oldestEngine)
          ? warn(`${what} is old`, `Update to ${oldestEngine} or newer.`)
          : pass(what);
      } catch (error) {
        return warn(
          messageOf(error),
          'Start Docker (https://docs.docker.com/engine/install); docker info must work for your user.',
        );
      }
    },
  };
}

export function checkCompose(program = 'docker'): Check {
  return {
    ...{ id: 'compose', title: 'Docker Compose' },
    async look(signal) {
      try {
        const { stdout } = await promisify(execFile)(program, ['compose', 'version', '--short'], {
          signal,
          timeout: 10_000,
        });
        const version = stdout.trim().replace(/^v/, '');
        if (!older(version, '2')) return pass(version);
        return warn(`${version} is too old`, 'Install Compose v2: https://docs.docker.com/compose/install');
      } catch (error) {
        const what =
          systemCodeOf(error) === 'ENOENT'
            ? `there is no program ${program}`
            : 'docker compose does not work';
        return warn(what, 'Only docker compose up needs it: https://docs.docker.com/compose/install');
      }
    },
  };
}

function older(version: string, than: string): boolean {
  const [left, right] = [version, than].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10) || 0),
  );
  for (const [index, part] of (right ?? []).entries()) {
    const other = left?.[index] ?? 0;
    if (other !== part) return other < part;
  }
  return false;
}
