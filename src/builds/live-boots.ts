import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { letRun, takeScreenshot } from '../boot/ask-machine.ts';
import type { BootMachine, BootPlace } from '../boot/machine.ts';
import { SerialLine } from '../boot/serial-line.ts';
import { messageOf, NexusError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { choosePlace } from './boot-checks.ts';
import { type BootChoices, bootOrder } from './boot-order.ts';
import type { LiveBoot } from './boot-records.ts';
import type { Build } from './build.ts';

export interface LiveBootsOptions {
  artifacts: string;
  places: readonly BootPlace[];
  logger: Logger;
}

/** Each takes the memory of a machine. */
const most = 4;
/** Nobody watches a machine that was forgotten. */
const longestMs = 12 * 60 * 60_000;

interface Running {
  boot: LiveBoot;
  machine: BootMachine;
  serial: SerialLine;
}

/** Images that a person has booted to look at: they run until they are ended, or the orchestrator is. */
export class LiveBoots implements AsyncDisposable {
  readonly #options: LiveBootsOptions;
  readonly #running = new Map<string, Running>();
  readonly #abort = new AbortController();
  #starting = 0;

  constructor(options: LiveBootsOptions) {
    this.#options = options;
  }

  list(): LiveBoot[] {
    return [...this.#running.values()].map(({ boot }) => boot);
  }

  /** @throws {NexusError} `not-found`. */
  get(id: string): LiveBoot {
    return this.#find(id).boot;
  }

  /** @throws {NexusError} `not-finished`, `boot-unavailable`. */
  async start(build: Build, choices: BootChoices): Promise<LiveBoot> {
    const { artifacts, places, logger } = this.#options;
    if (build.state !== 'succeeded') {
      throw new NexusError(
        'not-finished',
        `Build ${build.id} is ${build.state}, so there is nothing to boot`,
      );
    }
    const running = this.list().filter(({ ended }) => ended === null).length;
    if (running + this.#starting >= most) {
      throw new NexusError('boot-unavailable', `${most} images run already`, {
        hint: 'End one of them: nexus boot --list shows them, nexus boot --end ID ends one.',
      });
    }
    this.#starting += 1;
    try {
      const order = { ...(await bootOrder(build, artifacts, choices)), network: true, restarts: true };
      const place = await choosePlace(places, order);
      const machine = await place.start(order, this.#abort.signal);
      const boot: LiveBoot = {
        id: randomBytes(4).toString('hex'),
        build: build.id,
        artifact: order.image.split('/').at(-1) ?? '',
        firmware: order.firmware,
        startedAt: new Date().toISOString(),
        ended: null,
      };
      const serial = new SerialLine(await machine.connect('serial'));
      this.#watch({ boot, machine, serial });
      await letRun(machine);
      logger.info('Image booted', { buildId: build.id, boot: boot.id, firmware: boot.firmware });
      return boot;
    } finally {
      this.#starting -= 1;
    }
  }

  /**
   * The serial line from its beginning (what is written is typed), or the screen in the words of RFB.
   * @throws {NexusError} `boot-ended` for the screen of a machine that has ended.
   */
  async connect(id: string, socket: 'serial' | 'vnc'): Promise<Duplex> {
    const { boot, machine, serial } = this.#find(id);
    if (socket === 'serial') return serial.open();
    if (boot.ended !== null) throw new NexusError('boot-ended', `The machine has ended: ${boot.ended}`);
    return machine.connect('vnc');
  }

  screenshot(id: string): Promise<Buffer> {
    return takeScreenshot(this.#find(id).machine);
  }

  /** Ends a machine; one that is gone is fine. */
  async end(id: string): Promise<void> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    await running?.machine[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new NexusError('stopping', 'The orchestrator is stopping'));
    await Promise.all([...this.#running.keys()].map((id) => this.end(id)));
  }

  #watch(running: Running): void {
    const { boot, machine } = running;
    this.#running.set(boot.id, running);
    const tell = () => {
      // One that was ended is gone.
      if (this.#running.get(boot.id) !== running) return;
      const ended = messageOf(machine.ended.reason);
      this.#running.set(boot.id, { ...running, boot: { ...boot, ended } });
    };
    machine.ended.addEventListener('abort', tell, { once: true });
    const forgotten = setTimeout(() => void this.end(boot.id), longestMs).unref();
    machine.ended.addEventListener('abort', () => clearTimeout(forgotten), { once: true });
  }

  #find(id: string): Running {
    const running = this.#running.get(id);
    if (running) return running;
    throw new NexusError('not-found', `No image runs as ${id}`, { hint: 'nexus boot starts one.' });
  }
}
