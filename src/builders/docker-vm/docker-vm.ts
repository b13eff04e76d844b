import { posix } from 'node:path';
import { Pipe } from '../../bridge/pipe.ts';
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
import type { Transport } from '../../transport/transport.ts';
import type { Builder, StartedBuilder, StartOptions } from '../builder.ts';
import { becomeReady, type ReadinessStep } from '../readiness.ts';
import { putSettings } from '../vm-settings/put-settings.ts';
import { readSettings, type SettingsFile } from '../vm-settings/read-settings.ts';
import { type Machine, machineOf } from './architecture.ts';
import { type BootMedium, contentOf, type ProvideBootMedium } from './boot-medium.ts';
import { connectGuest } from './connect-guest.ts';
import type { Engine } from './engine.ts';
import { installationId, sweepContainers } from './installation.ts';
import { judgeVm } from './judge-vm.ts';
import { lookInto } from './left-vm.ts';
import { type KvmVerdict, probeKvm } from './probe-kvm.ts';
import { provideWatcher } from './provide-watcher.ts';
import { sshDestination } from './ssh-destination.ts';
import { startVm, takeOverVm, type Vm } from './vm.ts';

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
    stopLeft: () => stopLeft(options),
  };
}

async function stopLeft({ engine, keys, vm, logger }: DockerVmOptions): Promise<void> {
  const left = await sweepContainers(engine, keys);
  if (!left.vm) return;
  logger.info('The VM that was left running is powered down', { container: left.vm.id });
  await (await takeOverVm(left.vm, vm))[Symbol.asyncDispose]();
}

/**
 * One start, from nothing, or from a VM that an earlier orchestrator has left running, to a builder that answers.
 *
 * INVARIANTS
 * - A VM in which builds run is never powered down, whatever the settings say now.
 * - What fails leaves nothing behind, but a VM that was there before stays for the next start.
 */
class Start {
  readonly #options: DockerVmOptions;
  readonly #owner: string;
  /** Gives back the connections. */
  readonly #cleanUp = new CleanUp();
  /** Gives back the VM. */
  readonly #vmCleanUp = new CleanUp();
  #settings: readonly SettingsFile[] = [];
  #machine: Machine | undefined;
  #left: Vm | undefined;
  #boot: BootMedium | undefined;
  #vm: Vm | undefined;
  #transport: SshTransport | undefined;
  #pipe: Pipe | undefined;
  /** The boot that the guest was made ready in. */
  #bootId: string | undefined;

  constructor(options: DockerVmOptions) {
    this.#options = options;
    this.#owner = installationId(options.keys);
  }

  async run(startOptions: StartOptions): Promise<StartedBuilder> {
    await using vmCleanUp = this.#vmCleanUp;
    await using cleanUp = this.#cleanUp;
    this.#settings = await this.#readSettings();
    const [engine, ...preparations] = this.#preparations();
    try {
      await becomeReady([engine, this.#lookForLeft(), ...preparations, ...this.#steps()], startOptions);
    } catch (error) {
      throw await this.#withConsole(error);
    }
    return this.#started(cleanUp.move(), vmCleanUp.move());
  }

  prepare(startOptions: StartOptions): Promise<void> {
    return becomeReady(this.#preparations(), startOptions);
  }

  #preparations(): [ReadinessStep, ...ReadinessStep[]] {
    const { vm, engine } = this.#options;
    return [
      {
        description: 'the Docker Engine answers',
        hint: 'Start Docker; docker info must work for this user.',
        limitMs: minute,
        run: async () => {
          await engine.ping();
          this.#machine = machineOf(vm, await engine.architecture());
        },
      },
      {
        description: 'the image of the VM is here',
        hint: 'docker pull, by hand, shows what is wrong.',
        limitMs: 60 * minute,
        run: async (signal, say) => {
          if (!this.#vm) await engine.ensureImage(this.#onMachine().image, say, signal);
        },
      },
      {
        description: 'the boot medium is here',
        hint: 'NEXUS_VM_BOOT may name a builder ISO you already have.',
        limitMs: 240 * minute,
        run: async (signal, say) => {
          if (!this.#vm) this.#boot = await this.#options.provideBootMedium(signal, say);
        },
      },
    ];
  }

  #lookForLeft(): ReadinessStep {
    const { vm } = this.#options;
    return {
      description: 'a VM that was left running is found, if there is one',
      hint: `See docker logs ${vm.name}`,
      limitMs: vm.bootTimeoutMs + 3 * minute,
      run: (signal, say) => this.#takeUpLeft(signal, say),
    };
  }

  #steps(): ReadinessStep[] {
    const { vm } = this.#options;
    return [
      {
        description: 'the VM runs',
        hint: `See docker logs ${vm.name}`,
        limitMs: 5 * minute,
        run: (signal, say) => this.#provideVm(signal, say),
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
        run: (signal, say) => this.#provideWatcher(this.#connected(), signal, say),
      },
      {
        description: 'the watcher says hello',
        hint: 'See systemctl status nexus-watcher on the builder.',
        limitMs: 2 * minute,
        run: (signal) => this.#greet(signal),
      },
    ];
  }

  async #readSettings(): Promise<readonly SettingsFile[]> {
    const { vm, logger } = this.#options;
    if (!vm.settings) return [];
    const { files, unknown } = await readSettings(vm.settings);
    if (unknown.length > 0) {
      logger.warn('Settings of unknown names are left out', { folder: vm.settings, names: unknown });
    }
    return files;
  }

  /** A VM with builds in it is used as it is; any other waits for its judgement. */
  async #takeUpLeft(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
    const { vm: container } = await sweepContainers(engine, keys);
    if (!container) return;
    say('there is one; looking what runs in it');
    const left = await takeOverVm(container, vm);
    // Until it is judged it is not ours to stop.
    this.#vmCleanUp.defer(() => left.detach());
    this.#left = left;
    const looked = await lookInto({
      ...{ vm: left, keys, root, limitMs: vm.bootTimeoutMs, signal, logger },
      welcome: (guest) => this.#welcome(guest),
    });
    if (!looked) return;
    this.#transport = this.#cleanUp.use(looked.transport);
    if (looked.builds.length === 0) return;
    logger.info('A VM with builds in it is taken over', { container: container.id, builds: looked.builds });
    this.#vm = left;
  }

  async #provideVm(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    if (this.#vm) return;
    if (this.#left && this.#transport && (await this.#isFit(this.#left))) {
      this.#options.logger.info('The VM that was left running is taken over');
      this.#vm = this.#left;
      return;
    }
    if (this.#left) {
      say('the one that was left running is powered down');
      await this.#transport?.[Symbol.asyncDispose]();
      this.#transport = undefined;
      await this.#left[Symbol.asyncDispose]();
    }
    await this.#startVm(signal, say);
  }

  async #isFit(left: Vm): Promise<boolean> {
    const { vm, engine, keys, logger } = this.#options;
    const [machine, boot] = [this.#onMachine(), this.#medium()];
    const verdict = judgeVm(await left.found(), {
      ...{ vm, machine, owner: this.#owner, keys, boot: await contentOf(boot) },
      bootUrl: 'url' in boot ? boot.url : undefined,
      imageId: await engine.imageId(machine.image),
    });
    if (!verdict.fit) logger.warn('The VM that was left running is made anew', { why: verdict.why });
    return verdict.fit;
  }

  async #startVm(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
    const [machine, boot] = [this.#onMachine(), this.#medium()];
    const kvm = await this.#kvm(machine, signal);
    if (kvm.works) say('with KVM');
    else {
      say('without KVM, so 10 to 20 times slower; the README says how to get it');
      logger.warn('The VM runs without KVM', { why: kvm.why });
    }
    this.#vm = this.#vmCleanUp.use(
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
    if (this.#transport) return;
    const { keys, logger, vm } = this.#options;
    const { bootTimeoutMs } = vm;
    const welcome = (guest: Transport) => this.#welcome(guest);
    this.#transport = this.#cleanUp.use(
      await connectGuest({ vm: this.#running(), keys, bootTimeoutMs, welcome, signal, say, logger }),
    );
  }

  async #provideWatcher(transport: Transport, signal: AbortSignal, say: (detail: string) => void) {
    const { vm, source, logger } = this.#options;
    const nixpkgs = nixpkgsLocation(vm.nixpkgs);
    for (const warning of await provideWatcher({ transport, source, nixpkgs, signal, say })) {
      logger.warn('The booted system is not the builder ISO', { why: warning });
    }
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const transport = this.#connected();
    const boot = await bootIdOf(transport);
    this.#pipe = this.#cleanUp.use(new Pipe({ transport, root, logger }));
    await this.#pipe.hello(boot, signal);
    await this.#tellHowToReachIt(transport);
    this.#bootId = boot;
  }

  /** A guest that has booted anew has forgotten what lay in its memory: settings, and a watcher put there by us. */
  async #welcome(guest: Transport): Promise<void> {
    const { logger } = this.#options;
    const boot = await bootIdOf(guest);
    // Before the first greeting the steps do all of this.
    if (!this.#bootId || boot === this.#bootId) return;
    logger.warn('The guest has booted anew', { boot });
    this.#settings = await this.#readSettings().catch((error) => {
      logger.warn('The settings stay as they were', { why: messageOf(error) });
      return this.#settings;
    });
    await putSettings(guest, this.#settings);
    await this.#provideWatcher(guest, AbortSignal.timeout(60 * minute), () => {});
    await this.#tellHowToReachIt(guest);
    this.#bootId = boot;
  }

  async #tellHowToReachIt(transport: Transport): Promise<void> {
    const { paths, keys } = this.#options;
    const destination = await sshDestination(paths, keys, await this.#running().publishedPort());
    await transport.put(posix.join(root, 'ssh_destination'), destination, { mode: 0o644 });
  }

  #onMachine(): Machine {
    if (!this.#machine) throw new Error('unreachable: the Engine comes first');
    return this.#machine;
  }

  #medium(): BootMedium {
    if (!this.#boot) throw new Error('unreachable: the boot medium comes first');
    return this.#boot;
  }

  #connected(): SshTransport {
    if (!this.#transport) throw new Error('unreachable: SSH comes first');
    return this.#transport;
  }

  #running(): Vm {
    if (!this.#vm) throw new Error('unreachable: the VM comes first');
    return this.#vm;
  }

  #started(connections: CleanUp, vmCleanUp: CleanUp): StartedBuilder {
    const vm = this.#running();
    const [transport, pipe] = [this.#connected(), this.#pipe];
    if (!pipe) throw new Error('unreachable: every step was taken');
    // A VM that was taken over is ours from here on.
    if (vm === this.#left) vmCleanUp.use(vm);
    const ended = new AbortController();
    return {
      kind: 'docker-vm',
      transport,
      pipe,
      get hello() {
        if (!pipe.lastHello) throw new Error('unreachable: it has said hello');
        return pipe.lastHello;
      },
      lost: anySignal(vm.lost, ended.signal),
      consoleTail: () => vm.consoleTail(),
      async detach() {
        vm.detach();
        await connections[Symbol.asyncDispose]();
      },
      async [Symbol.asyncDispose]() {
        await connections[Symbol.asyncDispose]();
        ended.abort(new NexusError('stopping', 'The builder was stopped'));
        await vmCleanUp[Symbol.asyncDispose]();
      },
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

async function bootIdOf(transport: Transport): Promise<string> {
  return (await runChecked(transport, ['cat', '/proc/sys/kernel/random/boot_id'])).trim();
}
