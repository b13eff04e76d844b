import { NexusError } from '../../errors.ts';
import { shellQuote } from '../shell-quote.ts';
import type { SshConnection, SshProgram } from '../ssh-connection.ts';
import type { Extent } from './extents.ts';

/**
 * Serves parts of one file: an offset and a length a line in, the bytes out. One program for the whole fetch,
 * because a login shell may take half a second to start.
 */
const server = `export LC_ALL=C
while read -r offset length; do
  dd if="$1" bs=256K skip="$offset" count="$length" iflag=skip_bytes,count_bytes,fullblock || exit
done`;

interface Wanted {
  into: Uint8Array;
  filled: number;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Reads parts of a file on the builder over one connection; the next one should be asked for before the last has
 * arrived, so that the line is never quiet.
 */
export class BlockReader {
  readonly #path: string;
  readonly #program: SshProgram;
  readonly #wanted: Wanted[] = [];
  /** Lengths that dd has not yet told of. */
  readonly #lengths: number[] = [];
  /** The beginning of a line whose end has not come yet. */
  #line = '';
  #complaint = '';
  #failure: unknown;

  private constructor(path: string, program: SshProgram) {
    this.#path = path;
    this.#program = program;
    const { channel, exit } = program;
    channel.on('data', (chunk: Buffer) => this.#take(chunk));
    channel.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    exit.then(
      () => setImmediate(() => this.#fail(this.#ended())),
      (error) => this.#fail(error),
    );
  }

  static async start(connection: SshConnection, path: string): Promise<BlockReader> {
    const command = `exec ${shellQuote(['sh', '-c', server, 'sh', path])}`;
    return new BlockReader(path, await connection.exec(command));
  }

  /** Fills `into` with the bytes of the extent. */
  read({ offset, length }: Extent, into: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#wanted.push({ into, filled: 0, resolve, reject });
      this.#lengths.push(length);
      this.#program.channel.write(`${offset} ${length}\n`);
    });
  }

  #take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      const wanted = this.#wanted[0];
      if (!wanted) {
        this.#fail(new Error('the builder sent more than was asked for'));
        return;
      }
      const taken = rest.subarray(0, wanted.into.length - wanted.filled);
      wanted.into.set(taken, wanted.filled);
      wanted.filled += taken.length;
      rest = rest.subarray(taken.length);
      if (wanted.filled < wanted.into.length) return;
      this.#wanted.shift();
      wanted.resolve();
    }
  }

  /** dd says how much it copied: less than asked for means that the file has shrunk, and we would wait for ever. */
  #hear(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      const copied = /^(\d+) bytes?\b/.exec(line)?.[1];
      if (copied === undefined) {
        if (!/^\d+\+\d+ records /.test(line)) this.#complaint += `${line}\n`;
      } else if (Number(copied) !== this.#lengths.shift()) {
        this.#fail(
          new NexusError('transfer-damaged', `${this.#path} has become shorter on the builder`, {
            hint: 'The file changed while it was fetched; build again.',
          }),
        );
      }
    }
  }

  #ended(): NexusError {
    const said = `${this.#complaint}${this.#line}`.trim() || 'the program that reads it ended';
    return new NexusError('command-failed', `Reading on the builder failed: ${said}`);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#wanted.splice(0)) reject(this.#failure);
  }
}
