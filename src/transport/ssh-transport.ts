import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import pRetry from 'p-retry';
import { NexusError } from '../errors.ts';
import { feed } from './feed.ts';
import { runChecked } from './run-checked.ts';
import { shellQuote } from './shell-quote.ts';
import { abortable } from './signals.ts';
import {
  type ConnectOptions,
  connectSsh,
  type SshAddress,
  type SshConnection,
  type SshProgram,
} from './ssh-connection.ts';
import type { PutOptions, ReadOptions, RunOptions, RunResult, SshAccess, Transport } from './transport.ts';

export interface SshTransportOptions extends Pick<ConnectOptions, 'keepaliveMs'> {
  /** How long to keep trying to connect again before the builder counts as lost. */
  reconnectMs?: number;
}

/** Whether trying again can help: another host key or a refused key stay what they are. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof NexusError && (error.code === 'connection-lost' || error.code === 'connection-failed')
  );
}

/**
 * The builder is reached through one SSH connection with many channels.
 *
 * INVARIANTS
 * - At most one connection is alive or being made.
 * - `follow` and `put` survive a lost connection; `run` and `read` reject with `connection-lost`,
 *   since only their caller knows whether doing them again is harmless.
 */
export class SshTransport implements Transport {
  readonly kind = 'ssh';
  readonly #address: SshAddress;
  readonly #reconnectMs: number;
  readonly #keepaliveMs: number | undefined;
  readonly #closed = new AbortController();
  #connection: Promise<SshConnection> | undefined;

  private constructor(address: SshAddress, connection: SshConnection, options: SshTransportOptions) {
    this.#address = address;
    this.#reconnectMs = options.reconnectMs ?? 5 * 60_000;
    this.#keepaliveMs = options.keepaliveMs;
    this.#keep(Promise.resolve(connection));
  }

  get ssh(): SshAccess {
    return { address: this.#address, reconnectMs: this.#reconnectMs, keepaliveMs: this.#keepaliveMs };
  }

  /** Connects once; whoever waits for a machine to come up decides how often to try. */
  static async connect(address: SshAddress, options: SshTransportOptions & { signal?: AbortSignal } = {}) {
    return new SshTransport(address, await connectSsh(address, options), options);
  }

  async run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
    const { input, signal } = options;
    // A channel whose input has been ended carries no signals any more (ssh2), so having none is said by the shell.
    const line = `exec ${shellQuote(command)}${input === undefined ? ' </dev/null' : ''}`;
    await using program = await this.#start(line, signal);
    const { channel, exit } = program;
    const fed = input === undefined ? undefined : feed(channel, input);
    const end = Promise.all([text(channel), text(channel.stderr), exit, fed]);
    const [stdout, stderr, { status }] = await abortable(end, signal);
    return { stdout, stderr, status };
  }

  read(path: string, { offset = 0, signal }: ReadOptions = {}): AsyncIterable<Buffer> {
    return this.#output(shellQuote(['tail', '-c', `+${offset + 1}`, '--', path]), signal);
  }

  async *follow(path: string, options: ReadOptions = {}): AsyncGenerator<Buffer> {
    let offset = options.offset ?? 0;
    while (true) {
      // --pid: a broken connection ends sshd’s process, and with it this tail.
      const words = shellQuote(['-c', `+${offset + 1}`, '-F', '--', path]);
      try {
        for await (const chunk of this.#output(`exec tail --pid=$PPID ${words}`, options.signal)) {
          offset += chunk.length;
          yield chunk;
        }
        throw new NexusError('command-failed', `tail stopped following ${path} on the builder`);
      } catch (error) {
        if (!(error instanceof NexusError && error.code === 'connection-lost')) throw error;
        if (this.#closed.signal.aborted) throw error;
      }
    }
  }

  async put(path: string, content: string | Buffer, options: PutOptions = {}): Promise<void> {
    const bytes = Buffer.from(content);
    const temporary = posix.join(posix.dirname(path), `.${posix.basename(path)}.${randomUUID()}`);
    const mode = (options.mode ?? 0o600).toString(8);
    const write = () =>
      runChecked(this, ['sh', '-c', putScript, 'sh', temporary, path, mode, String(bytes.length)], {
        input: Readable.from([bytes]),
        ...(options.signal && { signal: options.signal }),
      });
    await pRetry(write, {
      retries: 3,
      minTimeout: 100,
      shouldRetry: ({ error }) => isTransient(error) && !this.#closed.signal.aborted,
      ...(options.signal && { signal: options.signal }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new NexusError('connection-lost', 'The connection to the builder was closed'));
    const connection = await this.#connection?.catch(() => undefined);
    connection?.[Symbol.dispose]();
  }

  async *#output(command: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    await using program = await this.#start(command, signal);
    const { channel, exit } = program;
    const complaint = text(channel.stderr).catch(() => '');
    try {
      for await (const chunk of channel) yield chunk as Buffer;
      const { status } = await abortable(exit, signal);
      if (status === 0) return;
      throw new NexusError('command-failed', `Reading on the builder failed: ${(await complaint).trim()}`);
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }

  /** Starts a program; leaving the scope or the signal's abort ends it. */
  async #start(command: string, signal?: AbortSignal): Promise<SshProgram & AsyncDisposable> {
    signal?.throwIfAborted();
    const connection = await abortable(this.#connected(), signal);
    const opening = connection.exec(command);
    const program = await abortable(opening, signal).catch((error) => {
      opening.then(endProgram, () => {});
      throw error;
    });
    const end = () => endProgram(program);
    signal?.addEventListener('abort', end, { once: true });
    let ended = false;
    program.exit.then(
      () => {
        ended = true;
      },
      () => {
        ended = true;
      },
    );
    return {
      ...program,
      [Symbol.asyncDispose]: async () => {
        signal?.removeEventListener('abort', end);
        if (!ended && !signal?.aborted) end();
      },
    };
  }

  async #connected(): Promise<SshConnection> {
    this.#closed.signal.throwIfAborted();
    this.#connection ??= this.#keep(this.#reconnect());
    return this.#connection;
  }

  #reconnect(): Promise<SshConnection> {
    const options = { signal: this.#closed.signal, keepaliveMs: this.#keepaliveMs };
    return pRetry(() => connectSsh(this.#address, options), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      factor: 1.5,
      maxTimeout: 5000,
      maxRetryTime: this.#reconnectMs,
      signal: this.#closed.signal,
      shouldRetry: ({ error }) => isTransient(error),
    });
  }

  /** Forgets the connection as soon as it is lost or could not be made, so that the next use makes another. */
  #keep(connection: Promise<SshConnection>): Promise<SshConnection> {
    const forget = () => {
      if (this.#connection === connection) this.#connection = undefined;
    };
    this.#connection = connection;
    connection.then(({ lost }) => lost.addEventListener('abort', forget, { once: true }), forget);
    return connection;
  }
}

/**
 * Closing a channel leaves its program running until it next reads or writes, so it is told to go first.
 * For programs of root sshd may refuse that ("session signalling requires privilege separation").
 */
function endProgram({ channel }: SshProgram): void {
  channel.signal('TERM');
  channel.close();
  channel.destroy();
}

/** $1 temporary name, $2 final name, $3 mode, $4 bytes: a line cut in the middle also ends `cat`, so they are counted. */
const putScript = `umask 077
trap 'rm -f -- "$1"; exit 1' TERM HUP
cat >"$1" && [ "$(wc -c <"$1")" -eq "$4" ] && chmod "$3" "$1" && mv -fT -- "$1" "$2" && exit
rm -f -- "$1"; echo "$2 could not be written" >&2; exit 1`;
