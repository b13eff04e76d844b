import { CleanUp } from '../../clean-up.ts';
import type { VmConfig } from '../../config.ts';
import { messageOf, NexusError } from '../../errors.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { Machine } from './architecture.ts';
import { archive } from './archive.ts';
import { type BootMedium, contentOf } from './boot-medium.ts';
import { type Container, type Engine, engineMessage } from './engine.ts';
import { type FoundVm, traitsOf } from './judge-vm.ts';
import {
  credentialFiles,
  credentialRules,
  credentialsFolder,
  stopSeconds,
  traitsLabel,
  vmContainer,
} from './vm-container.ts';

/** A running VM container. Disposing powers the guest down and removes the container; detaching leaves it alone. */
export interface Vm extends AsyncDisposable {
  /** Aborts when the container has ended; the reason holds the last lines of the guest's console. */
  readonly lost: AbortSignal;
  /** Where the guest's sshd is reached from here; where it was before, while the Engine does not answer. */
  ssh(): Promise<{ host: string; port: number }>;
  /** The port on 127.0.0.1 of the Docker host that leads to the guest's sshd. */
  publishedPort(): Promise<number>;
  /** Resets the guest, for one that never came up. */
  restart(): Promise<void>;
  consoleTail(lines?: number): Promise<string>;
  /** What judge-vm.ts wants to know of it. */
  found(): Promise<FoundVm>;
  /** Ends our interest in it. */
  detach(): void;
}

export interface StartVmOptions {
  vm: VmConfig;
  machine: Machine;
  owner: string;
  keys: SshKeys;
  boot: BootMedium;
  kvm: boolean;
}

/** @throws {NexusError} `vm-start-failed` with the Engine's words. */
export async function startVm(engine: Engine, options: StartVmOptions): Promise<Vm> {
  try {
    return await createAndStart(engine, options, true);
  } catch (error) {
    if (!messageOf(error).includes('/dev/net/tun')) throw startError(error, options.vm);
  }
  try {
    return await createAndStart(engine, options, false);
  } catch (error) {
    throw startError(error, options.vm);
  }
}

async function createAndStart(engine: Engine, options: StartVmOptions, tun: boolean): Promise<Vm> {
  const { vm, machine, owner, kvm, boot } = options;
  await using cleanUp = new CleanUp();
  const bootUrl = 'url' in boot ? boot.url : undefined;
  const traits = traitsOf({ ...options, boot: await contentOf(boot), bootUrl, tun });
  const container = await engine.create(
    vmContainer(vm, { machine, owner, kvm, tun, bootUrl, traits: JSON.stringify(traits) }),
  );
  cleanUp.defer(() => container.remove());
  await container.unpack(archive(containerFiles(options)));
  await container.start();
  cleanUp.defer(() => container.stop(stopSeconds));
  return runningVm(container, vm, cleanUp.move());
}

/** The VM that an earlier orchestrator has left running; one that somebody has paused goes on. */
export async function takeOverVm(container: Container, vm: VmConfig): Promise<Vm> {
  await container.unpause();
  const cleanUp = new CleanUp();
  cleanUp.defer(() => container.remove());
  cleanUp.defer(() => container.stop(stopSeconds));
  return runningVm(container, vm, cleanUp);
}

/** Put into the container rather than mounted: the Engine may not see our disk, and `inspect` shows no secret. */
function containerFiles({ keys, boot }: StartVmOptions) {
  const credentials: Record<keyof typeof credentialFiles, string> = {
    'ssh.authorized_keys.root': keys.client.publicKey,
    'tmpfiles.ssh_host_key': keys.host.privateKey,
    'tmpfiles.extra': credentialRules,
  };
  const names = Object.keys(credentialFiles) as (keyof typeof credentialFiles)[];
  return [
    ...names.map((name) => ({
      name: `${credentialsFolder}/${credentialFiles[name]}`,
      mode: 0o600,
      content: credentials[name],
    })),
    ...('file' in boot ? [{ name: boot.name, mode: 0o644, content: { file: boot.file } }] : []),
  ];
}

function runningVm(container: Container, vm: VmConfig, cleanUp: CleanUp): Vm {
  const gone = new AbortController();
  const watching = new AbortController();
  const consoleTail = (lines = 20) => container.logTail(lines);
  let restarting = false;
  const watchEnd = async () => {
    const status = await container.wait(watching.signal);
    if (restarting) return;
    const last = await consoleTail().catch(messageOf);
    const how =
      status === null ? 'has been removed' : `ended with status ${status}. Its last lines:\n${last}`;
    gone.abort(new NexusError('builder-lost', `The VM container ${how}`));
  };
  const watch = () => {
    watchEnd().catch((error) => {
      if (!watching.signal.aborted)
        gone.abort(new NexusError('builder-lost', messageOf(error), { cause: error }));
    });
  };
  watch();
  return {
    lost: gone.signal,
    consoleTail,
    ssh: lastKnown(() => endpoint(container, vm)),
    publishedPort: lastKnown(() => publishedPort(container)),
    async restart() {
      restarting = true;
      await container.stop(10);
      await container.start();
      restarting = false;
      watch();
    },
    async found() {
      const { Config, Image } = await container.inspect();
      return { traits: Config.Labels[traitsLabel], imageId: Image };
    },
    detach: () => watching.abort(),
    async [Symbol.asyncDispose]() {
      watching.abort();
      await cleanUp[Symbol.asyncDispose]();
    },
  };
}

/** An Engine that does not answer moves no ports: what it said last is true until it says something else. */
function lastKnown<T>(ask: () => Promise<T>): () => Promise<T> {
  let known: { value: T } | undefined;
  return async () => {
    try {
      known = { value: await ask() };
    } catch (error) {
      if (!known) throw error;
    }
    return known.value;
  };
}

interface Endpoint {
  host: string;
  port: number;
}

async function endpoint(container: Container, vm: VmConfig): Promise<Endpoint> {
  if (!vm.network) return { host: '127.0.0.1', port: await publishedPort(container) };
  const { NetworkSettings } = await container.inspect();
  return { host: NetworkSettings.Networks[vm.network]?.IPAddress || vm.name, port: 22 };
}

async function publishedPort(container: Container): Promise<number> {
  const { NetworkSettings } = await container.inspect();
  const port = Number(NetworkSettings.Ports['22/tcp']?.[0]?.HostPort);
  if (!port) throw new NexusError('vm-start-failed', 'The VM container publishes no port for SSH');
  return port;
}

function startError(error: unknown, vm: VmConfig): NexusError {
  if (error instanceof NexusError) return error;
  const said = engineMessage(error);
  return new NexusError('vm-start-failed', `The VM container ${vm.name} could not be started: ${said}`, {
    hint: hintFor(said),
    cause: error,
  });
}

function hintFor(said: string): string {
  if (/name .* is already in use/i.test(said))
    return 'Another installation has a VM of this name; choose another with NEXUS_VM_NAME.';
  if (/port is already allocated|address already in use/i.test(said))
    return 'The port is taken; choose another with NEXUS_VM_SSH_PORT, or 0 for a free one.';
  if (/no space left/i.test(said))
    return 'The Docker host has no space left; docker system df shows what takes it.';
  return 'docker events and the Engine’s own log tell more.';
}
