import type { Engine } from '../builders/docker-vm/engine.ts';
import { checkPrograms } from '../builders/this-machine/nix.ts';
import type { Config } from '../config.ts';
import { messageOf, NexusError } from '../errors.ts';
import { type Check, fail, pass, warn } from './finding.ts';

/** Whether this machine could build by itself, without a VM. */
export function checkThisMachine({ builder }: Config): Check {
  return {
    ...{ id: 'this-machine', title: 'Nix on this machine' },
    async look() {
      const problem = await problemOf(checkPrograms());
      if (problem === undefined) return pass('it can build without a VM');
      return builder === 'this-machine'
        ? fail(problem.what, problem.advice)
        : warn(problem.what, problem.advice);
    },
  };
}

/** What builds go to in the end. */
export function checkBuilder({ builder }: Config, engine: Engine): Check {
  return {
    ...{ id: 'builder', title: 'Builder' },
    async look() {
      const [vm, own] = await Promise.all([problemOf(engine.ping()), problemOf(checkPrograms())]);
      const choice = builder === 'auto' ? 'NEXUS_BUILDER=auto takes' : `NEXUS_BUILDER=${builder} takes`;
      if (vm === undefined && builder !== 'this-machine') return pass(`${choice} the VM`);
      if (own === undefined && builder !== 'docker-vm') return pass(`${choice} this machine`);
      return fail(
        'there is nothing to build with',
        'Start Docker, or install Nix on this machine; the lines above say how.',
      );
    },
  };
}

async function problemOf(
  check: Promise<void>,
): Promise<{ what: string; advice: string | undefined } | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    return { what: messageOf(error), advice: error instanceof NexusError ? error.hint : undefined };
  }
}
