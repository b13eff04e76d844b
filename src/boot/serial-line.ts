import { Duplex } from 'node:stream';

/** This much of the past is kept for those who come later. */
const keptBytes = 1024 * 1024;
/** Who reads so slowly that this much waits for him is left behind. */
const waitingBytes = 4 * 1024 * 1024;

/** A serial line that several may look at, each from its beginning, and type on. */
export class SerialLine {
  readonly #line: Duplex;
  readonly #viewers = new Set<Duplex>();
  #past: Buffer[] = [];
  #pastBytes = 0;
  #ended = false;

  constructor(line: Duplex) {
    this.#line = line;
    line.on('data', (chunk: Buffer) => this.#take(chunk));
    line.once('close', () => this.#end());
    // What is wrong with the machine is told by its end.
    line.on('error', () => {});
  }

  /** A view of its own; destroying it leaves the line alone. */
  open(): Duplex {
    const view: Duplex = new Duplex({
      read() {},
      write: (keys: Buffer, _encoding, done) => {
        if (!this.#ended) this.#line.write(keys);
        done();
      },
    });
    view.once('close', () => this.#viewers.delete(view));
    for (const chunk of this.#past) view.push(chunk);
    if (this.#ended) view.push(null);
    else this.#viewers.add(view);
    return view;
  }

  #take(chunk: Buffer): void {
    this.#past.push(chunk);
    this.#pastBytes += chunk.length;
    while (this.#pastBytes > keptBytes && this.#past.length > 1) {
      this.#pastBytes -= this.#past.shift()?.length ?? 0;
    }
    for (const view of this.#viewers) {
      if (view.readableLength > waitingBytes)
        view.destroy(new Error('This reader is too slow for the serial line'));
      else view.push(chunk);
    }
  }

  #end(): void {
    this.#ended = true;
    for (const view of this.#viewers) view.push(null);
    this.#viewers.clear();
  }
}
