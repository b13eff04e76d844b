import { machineOf } from '../builders/docker-vm/architecture.ts';
import { Engine } from '../builders/docker-vm/engine.ts';
import type { Config } from '../config.ts';
import { checkBuilder, checkThisMachine } from './check-builder.ts';
import { checkCompose, checkEngine } from './check-docker.ts';
import { checkKvm, checkNestedKvm } from './check-kvm.ts';
import { checkDisk, checkMemory, checkNode, checkWritable } from './check-machine.ts';
import { checkCache, checkClock, checkDns } from './check-network.ts';
import { checkApiPort, checkSshPort } from './check-orchestrator.ts';
import type { Check } from './finding.ts';

/** Everything that decides whether builds work here; none of it needs an orchestrator or a builder that works. */
export function allChecks(config: Config, engine = new Engine()): Check[] {
  return [
    checkNode(),
    checkEngine(engine),
    checkCompose(),
    checkThisMachine(config),
    checkBuilder(config, engine),
    checkKvm({ engine, machine: async () => machineOf(config.vm, await engine.architecture()) }),
    checkNestedKvm(),
    checkMemory(config),
    checkWritable(config),
    checkDisk('data-disk', 'Disk of the data', config.data),
    checkDisk('artifacts-disk', 'Disk of the images', config.artifacts),
    checkApiPort(config),
    checkSshPort(config),
    checkDns(),
    checkCache(),
    checkClock(),
  ];
}
