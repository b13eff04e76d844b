import { NexusError } from '../../errors.ts';
import { shellQuote } from '../shell-quote.ts';
import type { SshConnection, SshProgram } from '../ssh-connection.ts';
import type { Extent } from './extents.ts';

/**
 * Serves parts of one file: an offset and a length a line in, the bytes out. One shell for the whole fetch, because
 * to log in may take half a second; but one dd for every line, so lines should ask for much.
 */
const server = `export LC_ALL=C
while read -r offset length; do
  dd if="$1" bs=64K skip="$offset" count="$length" iflag=skip_bytes,count_bytes,fullblock || exit
done`;

export interface ExtentReaderOptions {
  connection: SshConnection;
  path: string;
  /** Called with what was asked for, in that order; the bytes are no longer there when it has returned. */
  onBytes: (bytes: Buffer) => void;
  /** Called, perhaps more than once, when nothing more will come. */
  onFailure: (error: unknown) => void;
}

/**
 * Reads parts of a file on the builder over one connection; more should be asked for before the last has arrived, so
 * that the line is never quiet.
 */
export class ExtentReader {
  readonly #options: ExtentReaderOptions;
  readonly #program: SshProgram;
  /** Lengths that dd has not yet told of. */
  readonly #lengths: number[] = [];
  /** Bytes that were asked for and have not arrived. */
  #owed = 0;
  /** The beginning of a line whose end has not come yet. */
  #line = '';
  #complaint = '';

  private constructor(options: ExtentReaderOptions, program: SshProgram) {
    this.#options = options;
    this.#program = program;
    const { channel, exit } = program;
    channel.on('data', (bytes: Buffer) => this.#take(bytes));
    channel.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    exit.then(() => setImmediate(() => options.onFailure(this.#ended())), options.onFailure);
  }

  static async start(options: ExtentReaderOptions): Promise<ExtentReader> {
    const command = `exec ${shellQuote(['sh', '-c', server, 'sh', options.path])}`;
    return new ExtentReader(options, await options.connection.exec(command));
  }

  /** Has the builder send these parts, one after the other. */
  ask(extents: readonly Extent[]): void {
    for (const { length } of extents) {
      this.#lengths.push(length);
      this.#owed += length;
    }
    this.#program.channel.write(extents.map(({ offset, length }) => `${offset} ${length}\n`).join(''));
  }

  #take(bytes: Buffer): void {
    this.#owed -= bytes.length;
    if (this.#owed < 0) this.#options.onFailure(new Error('the builder sent more than was asked for'));
    else this.#options.onBytes(bytes);
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
        this.#options.onFailure(
          new NexusError('transfer-damaged', `${this.#options.path} has become shorter on the builder`, {
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
}
