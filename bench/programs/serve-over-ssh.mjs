// The orchestrator as it is compiled, with a builder that is reached over SSH and is there already, as a VM is once it
// has booted. NEXUS_TEST_BUILDER says where it is.
import { Pipe } from '../../dist/bridge/pipe.js';
import { readConfig } from '../../dist/config.js';
import { makeLogger } from '../../dist/log.js';
import { startOrchestrator } from '../../dist/main.js';
import { SshTransport } from '../../dist/transport/ssh-transport.js';

const { address, root, boot } = JSON.parse(process.env.NEXUS_TEST_BUILDER);
const config = readConfig();
const logger = makeLogger(config.logLevel);

async function start({ signal }) {
  const transport = await SshTransport.connect(address, { signal });
  const pipe = new Pipe({ transport, root, logger });
  const hello = await pipe.hello(boot, signal);
  const letGo = async () => {
    await pipe[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
  };
  return {
    ...{ kind: 'this-machine', transport, pipe, hello, lost: pipe.lost, consoleTail: async () => '' },
    ...{ detach: letGo, [Symbol.asyncDispose]: letGo },
  };
}

const builder = { kind: 'this-machine', prepare: async () => {}, start };
const choice = { kind: 'this-machine', check: async () => {}, make: async () => builder };
const stopped = new Promise((resolve) => process.once('SIGTERM', resolve));
const orchestrator = await startOrchestrator(config, logger, () => [choice]);
await stopped;
await orchestrator[Symbol.asyncDispose]();
