import pRetry from 'p-retry';
import { messageOf, NexusError } from '../errors.ts';
import { outputOf, textOf } from './channel-output.ts';
import { feed } from './feed.ts';
import { Reach } from './reach.ts';
import { shellQuote } from './shell-quote.ts';
import { abortable } from './signals.ts';
import {
  type ConnectOptions,
  connectSsh,
  type SshAddress,
  type SshConnection,
  type SshProgram,
} from './ssh-connection.ts';
import { putOverSsh } from './ssh-put.ts';
import type {
  FollowOptions,
  PutOptions,
  ReadOptions,
  RunOptions,
  RunResult,
  SshAccess,
  Transport,
} from './transport.ts';

export interface SshTransportOptions extends Pick<ConnectOptions, 'keepaliveMs'> {
  /** How long to keep trying to connect again: for ever by default, not at all with 0. */
  reconnectMs?: number | undefined;
  /** Where the builder is now; asked before every attempt to connect again. */
  locate?: (() => Promise<Pick<SshAddress, 'host' | 'port'>>) | undefined;
  /** Makes the builder ready again after a break, before anybody else gets the new connection. */
  welcome?: ((builder: Transport) => Promise<void>) | undefined;
}

/** Whether trying again can help: another host key or a refused key stay what they are. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof NexusError && (error.code === 'connection-lost' || error.code === 'connection-failed')
  );
}

/** Whether a connection broke while it was used: with the next one it may work. */
export function isLost(error: unknown): boolean {
  return error instanceof NexusError && error.code === 'connection-lost';
}

/**
 * The builder is reached through one SSH connection with many channels.
 *
 * INVARIANTS
 * - At most one connection is alive or being made; a lost one is made again at once, and then ever more rarely.
 * - `reach` tells of a break when it begins, and of its end when the builder was welcomed again.
 * - `follow` and `put` survive a lost connection; `run` and `read` reject with `connection-lost`,
 *   since only their caller knows whether doing them again is harmless.
 */
export class SshTransport implements Transport {
  readonly kind = 'ssh';
  readonly reach = new Reach();
  readonly #address: SshAddress;
  readonly #options: SshTransportOptions;
  readonly #closed = new AbortController();
  #connection: Promise<SshConnection> | undefined;

  private constructor(address: SshAddress, connection: SshConnection, options: SshTransportOptions) {
    this.#address = address;
    this.#options = options;
    this.#keep(Promise.resolve(connection));
  }

  /** Connects once; whoever waits for a machine to come up decides how often to try. */
  static async connect(address: SshAddress, options: SshTransportOptions & { signal?: AbortSignal } = {}) {
    return new SshTransport(address, await connectSsh(address, options), options);
  }

  async access(): Promise<SshAccess> {
    const { locate, keepaliveMs } = this.#options;
    return { address: { ...this.#address, ...(await locate?.()) }, keepaliveMs };
  }

  async run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<RunResult> {
    const { input, signal } = options;
    // A channel whose input has been ended carries no signals any more (ssh2), so having none is said by the shell.
    const line = `exec ${shellQuote(command)}${input === undefined ? ' </dev/null' : ''}`;
    await using program = await this.#start(line, signal);
    const { channel, exit } = program;
    const fed = input === undefined ? undefined : feed(channel, input);
    const end = Promise.all([textOf(channel), textOf(channel.stderr), exit, fed]);
    const [stdout, stderr, { status }] = await abortable(end, signal);
    return { stdout, stderr, status };
  }

  read(path: string, { offset = 0, signal }: ReadOptions = {}): AsyncIterable<Buffer> {
    return this.#output(shellQuote(['tail', '-c', `+${offset + 1}`, '--', path]), signal);
  }

  async *follow(path: string, options: FollowOptions = {}): AsyncGenerator<Buffer> {
    let offset = options.offset ?? 0;
    while (true) {
      // --pid: a broken connection ends sshd’s process, and with it this tail. -s: how often it looks for that, and for
      // a file whose folder is yet to appear.
      const words = shellQuote(['-c', `+${offset + 1}`, '-F', '--', path]);
      try {
        for await (const chunk of this.#output(`exec tail -s 0.2 --pid=$PPID ${words}`, options.signal)) {
          offset += chunk.length;
          yield chunk;
        }
        throw new NexusError('command-failed', `tail stopped following ${path} on the builder`);
      } catch (error) {
        if (!isLost(error)) throw error;
        if (options.resume === false || this.#closed.signal.aborted) throw error;
      }
    }
  }

  async put(path: string, content: string | Buffer, options: PutOptions = {}): Promise<void> {
    const write = () => putOverSsh(this, path, content, options);
    await pRetry(write, {
      retries: 10,
      minTimeout: 100,
      maxTimeout: 5000,
      shouldRetry: ({ error }) => isLost(error) && !this.#closed.signal.aborted,
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
    const complaint = textOf(channel.stderr).catch(() => '');
    try {
      yield* outputOf(channel, signal);
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
    if (!this.#connection && this.#options.reconnectMs === 0) {
      throw new NexusError('connection-lost', 'The connection to the builder was lost');
    }
    this.#connection ??= this.#keep(this.#reconnect());
    return this.#connection;
  }

  #reconnect(): Promise<SshConnection> {
    return pRetry(() => this.#connectAgain(), {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 200,
      factor: 1.5,
      maxTimeout: 10_000,
      maxRetryTime: this.#options.reconnectMs ?? Number.POSITIVE_INFINITY,
      signal: this.#closed.signal,
    });
  }

  async #connectAgain(): Promise<SshConnection> {
    const { locate, welcome, keepaliveMs } = this.#options;
    const signal = this.#closed.signal;
    try {
      const address = { ...this.#address, ...(await locate?.()) };
      const connection = await connectSsh(address, { signal, keepaliveMs });
      try {
        if (welcome)
          await abortable(welcome(new SshTransport(address, connection, { reconnectMs: 0 })), signal);
      } catch (error) {
        connection[Symbol.dispose]();
        throw error;
      }
      return connection;
    } catch (error) {
      this.reach.break(messageOf(error));
      throw error;
    }
  }

  /** Makes another as soon as it is lost; one that could not be made is tried again by the next use. */
  #keep(connection: Promise<SshConnection>): Promise<SshConnection> {
    this.#connection = connection;
    const forget = () => {
      if (this.#connection === connection) this.#connection = undefined;
    };
    const replace = (lost: AbortSignal) => {
      forget();
      if (this.#closed.signal.aborted) return;
      this.reach.break(messageOf(lost.reason));
      // Nobody may be waiting for it yet.
      void this.#connected().catch(() => {});
    };
    connection.then(({ lost }) => {
      this.reach.mend();
      if (lost.aborted) replace(lost);
      else lost.addEventListener('abort', () => replace(lost), { once: true });
    }, forget);
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
