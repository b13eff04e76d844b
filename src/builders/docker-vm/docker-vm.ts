import { posix } from 'node:path';
import { type Hello, Pipe } from '../../bridge/pipe.ts';
import { CleanUp } from '../../clean-up.ts';
import type { VmConfig } from '../../config.ts';
import { messageOf, NexusError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { nixpkgsLocation } from '../../nixpkgs.ts';
import type { DataPaths } from '../../paths.ts';
import { runChecked } from '../../transport/run-checked.ts';
import { anySignal } from '../../transport/signals.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { SshTransport } from '../../transport/ssh-transport.ts';
import type { Builder, StartedBuilder, StartOptions } from '../builder.ts';
import { becomeReady, type ReadinessStep } from '../readiness.ts';
import { putSettings } from '../vm-settings/put-settings.ts';
import { readSettings, type SettingsFile } from '../vm-settings/read-settings.ts';
import { type Machine, machineOf } from './architecture.ts';
import type { BootMedium, ProvideBootMedium } from './boot-medium.ts';
import { connectGuest } from './connect-guest.ts';
import type { Engine } from './engine.ts';
import { installationId, sweepContainers } from './installation.ts';
import { type KvmVerdict, probeKvm } from './probe-kvm.ts';
import { provideWatcher } from './provide-watcher.ts';
import { sshDestination } from './ssh-destination.ts';
import { startVm, type Vm } from './vm.ts';

export interface DockerVmOptions {
  vm: VmConfig;
  engine: Engine;
  keys: SshKeys;
  paths: DataPaths;
  provideBootMedium: ProvideBootMedium;
  /** The folder `vm/` of the package. */
  source: string;
  logger: Logger;
}

/** Folder of the pipe in the guest. */
const root = '/nexus_bootstrap';

const minute = 60_000;

/** The default builder: a NixOS VM in a qemux/qemu container. */
export function dockerVm(options: DockerVmOptions): Builder {
  return {
    kind: 'docker-vm',
    prepare: (startOptions) => new Start(options).prepare(startOptions),
    start: (startOptions) => new Start(options).run(startOptions),
  };
}

/** One start, from nothing to a builder that answers. */
class Start {
  readonly #options: DockerVmOptions;
  readonly #owner: string;
  readonly #cleanUp = new CleanUp();
  #settings: readonly SettingsFile[] = [];
  #machine: Machine | undefined;
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
    await this.#readSettings();
    try {
      await becomeReady([...this.#preparations(), ...this.#steps()], startOptions);
    } catch (error) {
      throw await this.#withConsole(error);
    }
    return this.#started(cleanUp.move());
  }

  prepare(startOptions: StartOptions): Promise<void> {
    return becomeReady(this.#preparations(), startOptions);
  }

  #preparations(): ReadinessStep[] {
    const { vm, engine } = this.#options;
    return [
      {
        description: 'the Docker Engine answers',
        hint: 'Start Docker; docker info must work for this user.',
        limitMs: minute,
        run: async () => {
          await engine.ping();
          this.#machine = machineOf(vm, await engine.architecture());
          await sweepContainers(engine, this.#options.keys);
        },
      },
      {
        description: 'the image of the VM is here',
        hint: 'docker pull, by hand, shows what is wrong.',
        limitMs: 60 * minute,
        run: (signal, say) => engine.ensureImage(this.#onMachine().image, say, signal),
      },
      {
        description: 'the boot medium is here',
        hint: 'NEXUS_VM_BOOT may name a builder ISO you already have.',
        limitMs: 240 * minute,
        run: async (signal, say) => {
          this.#boot = await this.#options.provideBootMedium(signal, say);
        },
      },
    ];
  }

  #steps(): ReadinessStep[] {
    const { vm } = this.#options;
    return [
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
        description: 'the settings are in the VM',
        hint: 'settings/README.md says what may be there.',
        limitMs: minute,
        run: (signal) => putSettings(this.#connected(), this.#settings, signal),
      },
      {
        description: 'the watcher is installed',
        hint: 'vm/README.md says what a system needs that was not made from vm/.',
        limitMs: 60 * minute,
        run: (signal, say) => this.#provideWatcher(signal, say),
      },
      {
        description: 'the watcher says hello',
        hint: 'See systemctl status nexus-watcher on the builder.',
        limitMs: 2 * minute,
        run: (signal) => this.#greet(signal),
      },
    ];
  }

  async #readSettings(): Promise<void> {
    const { vm, logger } = this.#options;
    if (!vm.settings) return;
    const { files, unknown } = await readSettings(vm.settings);
    if (unknown.length > 0) {
      logger.warn('Settings of unknown names are left out', { folder: vm.settings, names: unknown });
    }
    this.#settings = files;
  }

  async #startVm(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
    const [machine, boot] = [this.#onMachine(), this.#boot];
    if (!boot) throw new Error('unreachable: the boot medium comes first');
    const kvm = await this.#kvm(machine, signal);
    if (kvm.works) say('with KVM');
    else {
      say('without KVM, so 10 to 20 times slower; the README says how to get it');
      logger.warn('The VM runs without KVM', { why: kvm.why });
    }
    this.#vm = this.#cleanUp.use(
      await startVm(engine, { vm, machine, owner: this.#owner, keys, boot, kvm: kvm.works }),
    );
  }

  #kvm(machine: Machine, signal: AbortSignal): Promise<KvmVerdict> | KvmVerdict {
    const { vm, engine } = this.#options;
    if (vm.kvm === 'on') return { works: true };
    if (vm.kvm === 'off') return { works: false, why: 'NEXUS_VM_KVM=off' };
    return probeKvm(engine, { machine, owner: this.#owner, signal });
  }

  async #connect(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { keys, logger, vm } = this.#options;
    const { bootTimeoutMs } = vm;
    this.#transport = this.#cleanUp.use(
      await connectGuest({ vm: this.#running(), keys, bootTimeoutMs, signal, say, logger }),
    );
  }

  async #provideWatcher(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, source, logger } = this.#options;
    const [transport, nixpkgs] = [this.#connected(), nixpkgsLocation(vm.nixpkgs)];
    for (const warning of await provideWatcher({ transport, source, nixpkgs, signal, say })) {
      logger.warn('The booted system is not the builder ISO', { why: warning });
    }
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const transport = this.#connected();
    const boot = await runChecked(transport, ['cat', '/proc/sys/kernel/random/boot_id'], { signal });
    this.#pipe = this.#cleanUp.use(new Pipe({ transport, root, logger }));
    this.#hello = await this.#pipe.hello(boot.trim(), signal);
    await this.#tellHowToReachIt(transport, signal);
  }

  async #tellHowToReachIt(transport: SshTransport, signal: AbortSignal): Promise<void> {
    const { paths, keys } = this.#options;
    const destination = await sshDestination(paths, keys, await this.#running().publishedPort());
    await transport.put(posix.join(root, 'ssh_destination'), destination, { mode: 0o644, signal });
  }

  #onMachine(): Machine {
    if (!this.#machine) throw new Error('unreachable: the Engine comes first');
    return this.#machine;
  }

  #connected(): SshTransport {
    if (!this.#transport) throw new Error('unreachable: SSH comes first');
    return this.#transport;
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
      detach: () => cleanUp[Symbol.asyncDispose](),
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
