import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config.ts';
import { messageOf, systemCodeOf } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';
import { type Check, fail, pass, warn } from './finding.ts';

/** Whether one runs already, or could listen where it shall. */
export function checkApiPort({ url, host, port }: Config): Check {
  return {
    ...{ id: 'port', title: 'Port of the API' },
    async look(signal) {
      const address = url ?? `http://${host}:${port}`;
      const version = await versionAt(address, signal);
      if (version) return pass(`an orchestrator ${version} answers at ${address}`);
      if (url) return fail(`no orchestrator answers at ${url}`, 'Start it, or correct NEXUS_URL.');
      if (port === 0) return pass('a free one will be taken');
      const taken = await whyTaken(host, port);
      if (taken === undefined) return pass(`${host}:${port} is free`);
      return fail(
        `${host}:${port} cannot be had: ${taken}`,
        'Choose another with NEXUS_PORT, or 0 for a free one.',
      );
    },
  };
}

export function checkSshPort({ vm }: Config): Check {
  return {
    ...{ id: 'ssh-port', title: 'Port of the VM’s sshd' },
    async look() {
      if (vm.sshPort === 0) return pass('a free one will be taken');
      const taken = await whyTaken('127.0.0.1', vm.sshPort);
      if (taken === undefined) return pass(`${vm.sshPort} is free`);
      return warn(
        `${vm.sshPort} is in use (${taken})`,
        'By the VM, if it runs; else choose another NEXUS_VM_SSH_PORT, or 0.',
      );
    },
  };
}

async function versionAt(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const limit = anySignal(signal, AbortSignal.timeout(5000));
    const reply: unknown = await (await fetch(`${url}/health`, { signal: limit })).json();
    if (typeof reply !== 'object' || reply === null || !('version' in reply)) return undefined;
    return typeof reply.version === 'string' ? reply.version : undefined;
  } catch {
    // Whoever listens there is no orchestrator, or nobody does.
    return undefined;
  }
}

async function whyTaken(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen({ host, port, exclusive: true }), 'listening');
    return undefined;
  } catch (error) {
    return systemCodeOf(error) ?? messageOf(error);
  } finally {
    server.close();
  }
}
