import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { z } from 'zod';

const reply = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({ id: z.number(), return: z.unknown() }),
  z.object({ id: z.number(), error: z.object({ desc: z.string() }) }),
  z.object({ event: z.string() }),
]);

/** QEMU's machine protocol (https://www.qemu.org/docs/master/interop/qmp-spec.html), as far as we need it. */
export class Qmp implements Disposable {
  readonly #stream: Duplex;
  readonly #replies = new EventEmitter();
  #last = 0;

  private constructor(stream: Duplex) {
    this.#stream = stream;
    const lines = createInterface({ input: stream });
    lines.on('line', (line) => this.#take(line));
    // The stream says the same.
    lines.on('error', () => {});
    stream.once('close', () => this.#replies.emit('error', new Error('QEMU closed the connection')));
    stream.on('error', (error) => this.#replies.emit('error', error));
    // Whoever waits is told by `once`; that nobody waits is no mistake.
    this.#replies.on('error', () => {});
  }

  static async open(stream: Duplex, signal: AbortSignal): Promise<Qmp> {
    const qmp = new Qmp(stream);
    await once(qmp.#replies, 'greeting', { signal });
    await qmp.execute('qmp_capabilities', {}, signal);
    return qmp;
  }

  /** @throws {Error} with QEMU's words. */
  async execute(command: string, args: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    this.#last += 1;
    const id = this.#last;
    const answered = once(this.#replies, `reply ${id}`, { signal });
    this.#stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    const [answer] = await answered;
    if ('error' in answer) throw new Error(`QEMU refused ${command}: ${answer.error.desc}`);
    return answer.return;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  #take(line: string): void {
    const message = reply.safeParse(parseJson(line)).data;
    if (!message) return;
    if ('QMP' in message) this.#replies.emit('greeting');
    else if ('id' in message) this.#replies.emit(`reply ${message.id}`, message);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
