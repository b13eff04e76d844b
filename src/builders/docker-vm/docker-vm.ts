import { Pipe } from '../../bridge/pipe.ts';
import { CleanUp } from '../../clean-up.ts';
import { messageOf, NexusError } from '../../errors.ts';
import { anySignal } from '../../transport/signals.ts';
import type { SshTransport } from '../../transport/ssh-transport.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Builder, StartedBuilder, StartOptions } from '../builder.ts';
import { becomeReady, type ReadinessStep } from '../readiness.ts';
import { type Machine, machineOf } from './architecture.ts';
import type { BootMedium } from './boot-medium.ts';
import { connectGuest } from './connect-guest.ts';
import type { DockerVmOptions } from './docker-vm-options.ts';
import { bootIdOf, GuestSetup, root } from './guest-setup.ts';
import { stopLeftVm, VmProvider } from './provide-vm.ts';
import type { Vm } from './vm.ts';

const minute = 60_000;

/** The default builder: a NixOS VM in a qemux/qemu container. */
export function dockerVm(options: DockerVmOptions): Builder {
  return {
    kind: 'docker-vm',
    prepare: (startOptions) => new Start(options).prepare(startOptions),
    start: (startOptions) => new Start(options).run(startOptions),
    stopLeft: () => stopLeftVm(options),
  };
}

/** One start, from nothing, or from a VM that an earlier orchestrator has left running, to a builder that answers. */
class Start {
  readonly #options: DockerVmOptions;
  /** Gives back the connections. */
  readonly #cleanUp = new CleanUp();
  /** Gives back the VM. */
  readonly #vmCleanUp = new CleanUp();
  readonly #provider: VmProvider;
  readonly #setup: GuestSetup;
  #machine: Machine | undefined;
  #boot: BootMedium | undefined;
  #transport: SshTransport | undefined;
  #pipe: Pipe | undefined;

  constructor(options: DockerVmOptions) {
    this.#options = options;
    this.#provider = new VmProvider(options, this.#vmCleanUp);
    this.#setup = new GuestSetup(options);
  }

  async run(startOptions: StartOptions): Promise<StartedBuilder> {
    await using vmCleanUp = this.#vmCleanUp;
    await using cleanUp = this.#cleanUp;
    await this.#setup.readSettings();
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
          if (!this.#provider.vm) await engine.ensureImage(this.#onMachine().image, say, signal);
        },
      },
      {
        description: 'the boot medium is here',
        hint: 'NEXUS_VM_BOOT may name a builder ISO you already have.',
        limitMs: 240 * minute,
        run: async (signal, say) => {
          if (!this.#provider.vm) this.#boot = await this.#options.provideBootMedium(signal, say);
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
      run: (signal, say) => this.#provider.lookForLeft((guest) => this.#setup.again(guest), { signal, say }),
    };
  }

  #steps(): ReadinessStep[] {
    const { vm } = this.#options;
    return [
      {
        description: 'the VM runs',
        hint: `See docker logs ${vm.name}`,
        limitMs: 5 * minute,
        run: (signal, say) => this.#provider.provide(this.#onMachine(), this.#boot, { signal, say }),
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
        run: (signal) => this.#setup.putSettings(this.#connected(), signal),
      },
      {
        description: 'the watcher is installed',
        hint: 'vm/README.md says what a system needs that was not made from vm/.',
        limitMs: 60 * minute,
        run: (signal, say) => this.#setup.provideWatcher(this.#connected(), signal, say),
      },
      {
        description: 'the watcher says hello',
        hint: 'See systemctl status nexus-watcher on the builder.',
        limitMs: 2 * minute,
        run: (signal) => this.#greet(signal),
      },
    ];
  }

  async #connect(signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { keys, logger, vm } = this.#options;
    const { bootTimeoutMs } = vm;
    const welcome = (guest: Transport) => this.#setup.again(guest);
    this.#transport =
      this.#provider.transport ??
      (await connectGuest({ vm: this.#running(), keys, bootTimeoutMs, welcome, signal, say, logger }));
    this.#cleanUp.use(this.#transport);
  }

  async #greet(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    const [vm, transport] = [this.#running(), this.#connected()];
    const boot = await bootIdOf(transport);
    this.#pipe = this.#cleanUp.use(new Pipe({ transport, root, logger }));
    await this.#pipe.hello(boot, signal);
    await this.#setup.finish(transport, boot, () => vm.publishedPort());
  }

  #onMachine(): Machine {
    if (!this.#machine) throw new Error('unreachable: the Engine comes first');
    return this.#machine;
  }

  #running(): Vm {
    if (!this.#provider.vm) throw new Error('unreachable: the VM comes first');
    return this.#provider.vm;
  }

  #connected(): SshTransport {
    if (!this.#transport) throw new Error('unreachable: SSH comes first');
    return this.#transport;
  }

  #started(connections: CleanUp, vmCleanUp: CleanUp): StartedBuilder {
    const [vm, transport, pipe] = [this.#running(), this.#connected(), this.#pipe];
    if (!pipe) throw new Error('unreachable: every step was taken');
    // One that was taken over is ours to stop from here on.
    if (this.#provider.isTakenOver) vmCleanUp.use(vm);
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

  /** A guest that does not answer has usually said why on its console; one that has ended says so in its reason. */
  async #withConsole(error: unknown): Promise<unknown> {
    const { vm } = this.#provider;
    if (!vm || !(error instanceof NexusError)) return error;
    const { message, hint } = error;
    if (error.code === 'builder-lost')
      return new NexusError('vm-start-failed', message, { hint, cause: error });
    if (error.code !== 'not-ready') return error;
    const last = await vm.consoleTail().catch(messageOf);
    const more = `${message}\nThe last lines of the guest’s console:\n${last}`;
    return new NexusError('not-ready', more, { hint, cause: error });
  }
}
