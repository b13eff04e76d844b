import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { posix } from 'node:path';
import pRetry from 'p-retry';
import { type Hello, Pipe } from '../../bridge/pipe.ts';
import { CleanUp } from '../../clean-up.ts';
import type { VmConfig } from '../../config.ts';
import { messageOf, NexusError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { DataPaths } from '../../paths.ts';
import { runChecked } from '../../transport/run-checked.ts';
import { shellQuote } from '../../transport/shell-quote.ts';
import { anySignal } from '../../transport/signals.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import { isTransient, SshTransport } from '../../transport/ssh-transport.ts';
import type { Builder, StartedBuilder, StartOptions } from '../builder.ts';
import { becomeReady, type ReadinessStep } from '../readiness.ts';
import type { BootMedium, ProvideBootMedium } from './boot-medium.ts';
import type { Engine } from './engine.ts';
import { type KvmVerdict, probeKvm } from './probe-kvm.ts';
import { startVm, type Vm } from './vm.ts';
import { ownerLabel } from './vm-container.ts';

export interface DockerVmOptions {
  vm: VmConfig;
  engine: Engine;
  keys: SshKeys;
  paths: DataPaths;
  provideBootMedium: ProvideBootMedium;
  logger: Logger;
}

/** Folder of the pipe in the guest. */
const root = '/nexus_bootstrap';

/** Name under which our known_hosts lists the guest, wherever it is reached. */
const hostAlias = 'nexus-builder-vm';

const minute = 60_000;

/** The default builder: a NixOS VM in a qemux/qemu container. */
export function dockerVm(options: DockerVmOptions): Builder {
  return { kind: 'docker-vm', start: (startOptions) => new Start(options).run(startOptions) };
}

/** Tells the containers of this installation from those of others on the same Engine. */
export function installationId(keys: SshKeys): string {
  return createHash('sha256').update(keys.client.publicKey).digest('hex').slice(0, 12);
}

/** Removes what an orchestrator that died has left on the Engine. */
export async function sweepContainers(engine: Engine, keys: SshKeys): Promise<number> {
  const left = await engine.withLabel(`${ownerLabel}=${installationId(keys)}`);
  for (const container of left) await container.remove();
  return left.length;
}

/** One start, from nothing to a builder that answers. */
class Start {
  readonly #options: DockerVmOptions;
  readonly #owner: string;
  readonly #cleanUp = new CleanUp();
  #boot: BootMedium | undefined;
  #vm: Vm | undefined;
  #transport: SshTransport | undefined;
  #pipe: Pipe | undefined;
  #hello: Hello | undefined;

  constructor(options: DockerVmOptions) {
    this.#options = options;
    this.#owner = installationId(options.keys);
  }

  async run(startOptions: StartOptions): Promise<StartedBuilder> {
    await using cleanUp = this.#cleanUp;
    try {
      await becomeReady(this.#steps(), startOptions);
    } catch (error) {
      throw await this.#withConsole(error);
    }
    return this.#started(cleanUp.move());
  }

  #steps(): ReadinessStep[] {
    const { vm, engine } = this.#options;
    return [
      {
        description: 'the Docker Engine answers',
        hint: 'Start Docker; docker info must work for this user.',
        limitMs: minute,
        run: async () => {
          await engine.ping();
          await sweepContainers(engine, this.#options.keys);
        },
      },
      {
        description: `the image ${vm.image} is here`,
        hint: `Pull it by hand to see what is wrong: docker pull ${vm.image}`,
        limitMs: 60 * minute,
        run: (signal, say) => engine.ensureImage(vm.image, say, signal),
      },
      {
        description: 'the boot medium is here',
        hint: 'NEXUS_VM_BOOT may name a builder ISO you already have.',
        limitMs: 240 * minute,
        run: async (signal, say) => {
          this.#boot = await this.#options.provideBootMedium(signal, say);
        },
      },
      {
        description: 'the VM runs',
        hint: `See docker logs ${vm.name}`,
        limitMs: 5 * minute,
        run: (signal, say) => this.#startVm(signal, say),
      },
      {
        description: 'SSH answers with our host key',
        hint: 'The guest did not come up. A slow machine may need a larger NEXUS_VM_BOOT_TIMEOUT.',
        limitMs: 2 * vm.bootTimeoutMs + minute,
        run: (signal, say) => this.#connect(signal, say),
      },
      {
        description: 'the watcher says hello',
        hint: 'See systemctl status nexus-watcher on the builder.',
        limitMs: 2 * minute,
        run: (signal) => this.#greet(signal),
      },
    ];
  }

  async #startVm(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
    if (!this.#boot) throw new Error('unreachable: the boot medium comes first');
    const kvm = await this.#kvm(signal);
    if (kvm.works) say('with KVM');
    else {
      say('without KVM, so 10 to 20 times slower; the README says how to get it');
      logger.warn('The VM runs without KVM', { why: kvm.why });
    }
    this.#vm = this.#cleanUp.use(
      await startVm(engine, { vm, owner: this.#owner, keys, boot: this.#boot, kvm: kvm.works }),
    );
  }

  #kvm(signal: AbortSignal): Promise<KvmVerdict> | KvmVerdict {
    const { vm, engine } = this.#options;
    if (vm.kvm === 'on') return { works: true };
    if (vm.kvm === 'off') return { works: false, why: 'NEXUS_VM_KVM=off' };
    return probeKvm(engine, { image: vm.image, owner: this.#owner, signal });
  }

  /** About one boot in sixty never answers under emulation, and the next one does. */
  async #connect(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const vm = this.#running();
    const { bootTimeoutMs } = this.#options.vm;
    const alive = anySignal(signal, vm.lost);
    try {
      await this.#connectOnce(anySignal(alive, AbortSignal.timeout(bootTimeoutMs)));
    } catch (error) {
      alive.throwIfAborted();
      if (error instanceof NexusError && !isTransient(error)) throw error;
      say('the guest did not answer, starting it once more');
      this.#options.logger.warn('The guest did not answer; starting it once more', {
        limitMs: bootTimeoutMs,
      });
      await vm.restart();
      await this.#connectOnce(anySignal(alive, AbortSignal.timeout(bootTimeoutMs)));
    }
  }

  async #connectOnce(signal: AbortSignal): Promise<void> {
    const { host: hostKey, client } = this.#options.keys;
    const address = await this.#running().ssh();
    const ssh = {
      ...address,
      username: 'root',
      privateKey: client.privateKey,
      hostPublicKey: hostKey.publicKey,
    };
    const transport = await pRetry(() => SshTransport.connect(ssh, { signal }), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 250,
      maxTimeout: 250,
      signal,
      shouldRetry: ({ error }) => isTransient(error),
    });
    this.#transport = this.#cleanUp.use(transport);
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const transport = this.#transport;
    if (!transport) throw new Error('unreachable: SSH comes first');
    const boot = await runChecked(transport, ['cat', '/proc/sys/kernel/random/boot_id'], { signal });
    this.#pipe = this.#cleanUp.use(new Pipe({ transport, root, logger }));
    this.#hello = await this.#pipe.hello(boot.trim(), signal);
    await this.#tellHowToReachIt(transport, signal);
  }

  /** The watcher prints scp commands from it. */
  async #tellHowToReachIt(transport: SshTransport, signal: AbortSignal): Promise<void> {
    const { paths, keys } = this.#options;
    await writeFile(paths.knownHosts, `${hostAlias} ${keys.host.publicKey}`);
    const port = String(await this.#running().publishedPort());
    const words = [
      ...['-P', port, '-i', paths.clientKey, '-o', `UserKnownHostsFile=${paths.knownHosts}`],
      ...['-o', `HostKeyAlias=${hostAlias}`, 'root@127.0.0.1'],
    ];
    await transport.put(posix.join(root, 'ssh_destination'), `${shellQuote(words)}\n`, {
      mode: 0o644,
      signal,
    });
  }

  #running(): Vm {
    if (!this.#vm) throw new Error('unreachable: the VM comes first');
    return this.#vm;
  }

  #started(cleanUp: CleanUp): StartedBuilder {
    const vm = this.#running();
    if (!this.#transport || !this.#pipe || !this.#hello) throw new Error('unreachable: every step was taken');
    return {
      kind: 'docker-vm',
      transport: this.#transport,
      pipe: this.#pipe,
      hello: this.#hello,
      lost: anySignal(vm.lost, this.#pipe.lost),
      consoleTail: () => vm.consoleTail(),
      [Symbol.asyncDispose]: () => cleanUp[Symbol.asyncDispose](),
    };
  }

  /** A guest that does not answer has usually said why on its console. */
  async #withConsole(error: unknown): Promise<unknown> {
    if (!this.#vm || !(error instanceof NexusError && error.code === 'not-ready')) return error;
    const last = await this.#vm.consoleTail().catch(messageOf);
    const message = `${error.message}\nThe last lines of the guest’s console:\n${last}`;
    return new NexusError('not-ready', message, { hint: error.hint, cause: error });
  }
}
