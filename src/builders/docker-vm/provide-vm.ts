import type { CleanUp } from '../../clean-up.ts';
import type { SshTransport } from '../../transport/ssh-transport.ts';
import type { Machine } from './architecture.ts';
import { type BootMedium, contentOf } from './boot-medium.ts';
import type { Welcome } from './connect-guest.ts';
import type { DockerVmOptions } from './docker-vm-options.ts';
import { root } from './guest-setup.ts';
import { installationId, sweepContainers } from './installation.ts';
import { judgeVm } from './judge-vm.ts';
import { lookInto } from './left-vm.ts';
import { type KvmVerdict, probeKvm } from './probe-kvm.ts';
import { startVm, takeOverVm, type Vm } from './vm.ts';

/** What a step is given while it is taken. */
export interface Step {
  signal: AbortSignal;
  say: (detail: string) => void;
}

/**
 * Where the VM of a start comes from: it was left running by an earlier orchestrator, or is made.
 *
 * INVARIANT: a VM in which builds run is never powered down, whatever the settings say now.
 */
export class VmProvider {
  readonly #options: DockerVmOptions;
  readonly #owner: string;
  readonly #cleanUp: CleanUp;
  #left: Vm | undefined;
  #transport: SshTransport | undefined;
  #vm: Vm | undefined;

  /** `cleanUp` gets what a start that fails has to undo: a VM that was left running is not made by it, and stays. */
  constructor(options: DockerVmOptions, cleanUp: CleanUp) {
    this.#options = options;
    this.#owner = installationId(options.keys);
    this.#cleanUp = cleanUp;
  }

  /** The VM, once it is clear which one it is. */
  get vm(): Vm | undefined {
    return this.#vm;
  }

  /** The connection to one that was left running. */
  get transport(): SshTransport | undefined {
    return this.#transport;
  }

  /** Whether it was there before. */
  get isTakenOver(): boolean {
    return this.#vm !== undefined && this.#vm === this.#left;
  }

  /** A VM with builds in it is used as it is; any other waits for its judgement. */
  async lookForLeft(welcome: Welcome, { signal, say }: Step): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
    const { vm: container } = await sweepContainers(engine, keys);
    if (!container) return;
    say('there is one; looking what runs in it');
    const left = await takeOverVm(container, vm);
    this.#cleanUp.defer(() => left.detach());
    this.#left = left;
    const limitMs = vm.bootTimeoutMs;
    const looked = await lookInto({ vm: left, keys, root, limitMs, signal, logger, welcome });
    if (!looked) return;
    this.#transport = looked.transport;
    this.#cleanUp.use(looked.transport);
    if (looked.builds.length === 0) return;
    logger.info('A VM with builds in it is taken over', { container: container.id, builds: looked.builds });
    this.#vm = left;
  }

  async provide(machine: Machine, boot: BootMedium | undefined, step: Step): Promise<void> {
    if (this.#vm) return;
    if (!boot) throw new Error('unreachable: the boot medium comes first');
    if (this.#left && this.#transport && (await this.#isFit(this.#left, machine, boot))) {
      this.#options.logger.info('The VM that was left running is taken over');
      this.#vm = this.#left;
      return;
    }
    if (this.#left) {
      step.say('the one that was left running is powered down');
      await this.#transport?.[Symbol.asyncDispose]();
      this.#transport = undefined;
      await this.#left[Symbol.asyncDispose]();
    }
    await this.#start(machine, boot, step);
  }

  async #isFit(left: Vm, machine: Machine, boot: BootMedium): Promise<boolean> {
    const { vm, engine, keys, logger } = this.#options;
    const verdict = judgeVm(await left.found(), {
      ...{ vm, machine, owner: this.#owner, keys, boot: await contentOf(boot) },
      bootUrl: 'url' in boot ? boot.url : undefined,
      imageId: await engine.imageId(machine.image),
    });
    if (!verdict.fit) logger.warn('The VM that was left running is made anew', { why: verdict.why });
    return verdict.fit;
  }

  async #start(machine: Machine, boot: BootMedium, { signal, say }: Step): Promise<void> {
    const { vm, engine, keys, logger } = this.#options;
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
}

/** Powers down what an earlier orchestrator has left running. */
export async function stopLeftVm({ engine, keys, vm, logger }: DockerVmOptions): Promise<void> {
  const left = await sweepContainers(engine, keys);
  if (!left.vm) return;
  logger.info('The VM that was left running is powered down', { container: left.vm.id });
  await (await takeOverVm(left.vm, vm))[Symbol.asyncDispose]();
}
