import { setMaxListeners } from 'node:events';
import ssh2, { type ClientChannel, type ClientErrorExtensions, type ConnectConfig } from 'ssh2';
import { messageOf, NexusError } from '../errors.ts';
import { anySignal } from './signals.ts';
import { connectTcp, watchLife } from './tcp.ts';

export interface SshAddress {
  host: string;
  port: number;
  username: string;
  privateKey: string;
  /** The only host key that is accepted, as one line of authorized_keys. */
  hostPublicKey: string;
}

export interface SshExit {
  /** Exit status, or null when a signal ended the program. */
  status: number | null;
}

export interface SshProgram {
  channel: ClientChannel;
  /** Rejects with `connection-lost` when the connection went away before the program told how it ended. */
  exit: Promise<SshExit>;
}

/** A live connection; when it breaks it stays broken. */
export interface SshConnection extends Disposable {
  /** Aborts, with a `connection-lost` error as its reason, when the connection has gone. */
  readonly lost: AbortSignal;
  exec(command: string): Promise<SshProgram>;
}

export interface ConnectOptions {
  signal?: AbortSignal | undefined;
  /** How often a connection is asked whether it lives; when nothing arrives for four such times it counts as lost. */
  keepaliveMs?: number | undefined;
  /**
   * Where the next bytes that arrive are put. What channels give is a part of that, so it may be used again only when
   * nobody keeps any of it; and not for the next megabyte, since it may be a part of a key exchange.
   */
  readInto?: (() => Buffer) | undefined;
}

const defaultKeepaliveMs = 5000;

const connectTimeoutMs = 20_000;

/**
 * @throws {NexusError} `host-key-mismatch`, or `connection-failed` with what the network or sshd said.
 */
export async function connectSsh(
  address: SshAddress,
  { signal, keepaliveMs = defaultKeepaliveMs, readInto }: ConnectOptions = {},
): Promise<SshConnection> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(connectTimeoutMs);
  const either = anySignal(signal, limit);
  const sock = await connectTcp(address.host, address.port, either, readInto).catch((error) => {
    signal?.throwIfAborted();
    throw connectError(limit.aborted ? new Error('nobody answers') : error, address, undefined);
  });
  const client = new ssh2.Client();
  const { promise, resolve, reject } = withResolvers<void>();
  const abort = () => reject(signal?.reason);
  let keyMatched: boolean | undefined;
  client
    .once('ready', resolve)
    .once('error', reject)
    .once('close', () => reject(new Error('connection closed')));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    client.connect({
      ...connectConfig(address),
      sock,
      keepaliveInterval: keepaliveMs,
      hostVerifier: (key: Buffer) => {
        keyMatched = key.equals(publicKeyBlob(address.hostPublicKey));
        return keyMatched;
      },
    });
    await promise;
    watchLife(sock, keepaliveMs);
    return liveConnection(client, address);
  } catch (error) {
    client.on('error', () => {}).destroy();
    signal?.throwIfAborted();
    throw connectError(error, address, keyMatched);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function connectConfig(address: SshAddress): ConnectConfig {
  const { username, privateKey } = address;
  return {
    username,
    privateKey,
    readyTimeout: connectTimeoutMs,
    // It asks; whether the connection lives is judged by `watchLife`.
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
    algorithms: {
      serverHostKey: ['ssh-ed25519'],
      cipher: [
        'aes128-gcm@openssh.com',
        'aes256-gcm@openssh.com',
        'chacha20-poly1305@openssh.com',
        'aes128-ctr',
      ],
    },
  };
}

function liveConnection(client: ssh2.Client, address: SshAddress): SshConnection {
  const gone = new AbortController();
  // Every program listens to it.
  setMaxListeners(0, gone.signal);
  let cause: unknown;
  client.on('error', (error) => {
    cause = error;
  });
  client.once('close', () => {
    const why = cause ? `: ${messageOf(cause)}` : '';
    gone.abort(
      new NexusError('connection-lost', `The SSH connection to ${at(address)} was lost${why}`, { cause }),
    );
  });
  return {
    lost: gone.signal,
    exec: (command) => exec(client, gone.signal, command),
    [Symbol.dispose]: () => void client.destroy(),
  };
}

function exec(client: ssh2.Client, lost: AbortSignal, command: string): Promise<SshProgram> {
  lost.throwIfAborted();
  const { promise, resolve, reject } = withResolvers<SshProgram>();
  const abort = () => reject(lost.reason);
  lost.addEventListener('abort', abort, { once: true });
  try {
    client.exec(command, (error, channel) => {
      if (!error) resolve({ channel, exit: exitOf(channel, lost) });
      // A breaking connection fails its channels before it says that it is lost.
      else setImmediate(() => reject(refused(error)));
    });
  } catch {
    // It cannot be written to any more, and will say that it is lost.
  }
  return promise.finally(() => lost.removeEventListener('abort', abort));
}

function refused(cause: Error): NexusError {
  return new NexusError('command-failed', `The builder’s sshd starts no program: ${cause.message}`, {
    hint: 'It may run too many at once for one connection: see MaxSessions in its sshd_config.',
    cause,
  });
}

function exitOf(channel: ClientChannel, lost: AbortSignal): Promise<SshExit> {
  const exit = new Promise<SshExit>((resolve, reject) => {
    let seen: SshExit | undefined;
    channel.once('exit', (status: number | null) => {
      seen = { status };
    });
    // A broken connection ends its channels as a finished program does, a moment before it says that it is lost. The
    // exit status proves nothing then: sshd sends it when the program ends, and the end of its output may come later.
    channel.once('close', () =>
      setImmediate(() => {
        if (lost.aborted) reject(lost.reason);
        else if (seen) resolve(seen);
        else lost.addEventListener('abort', () => reject(lost.reason), { once: true });
      }),
    );
  });
  exit.catch(() => {});
  return exit;
}

function connectError(error: unknown, address: SshAddress, keyMatched: boolean | undefined): NexusError {
  if (keyMatched === false) {
    return new NexusError(
      'host-key-mismatch',
      `${at(address)} answers with a host key that is not the one made for it`,
      {
        hint: 'Something else listens there, or the VM was started with other keys. Nothing was sent to it.',
        cause: error,
      },
    );
  }
  const refused = isAuthenticationError(error) ? 'refuses our key' : messageOf(error);
  return new NexusError('connection-failed', `No SSH connection to ${at(address)}: ${refused}`, {
    cause: error,
  });
}

function isAuthenticationError(error: unknown): boolean {
  return error instanceof Error && (error as Error & ClientErrorExtensions).level === 'client-authentication';
}

/** `ssh-ed25519 AAAA… comment` → the bytes that a server shows. */
function publicKeyBlob(line: string): Buffer {
  return Buffer.from(line.split(' ')[1] ?? '', 'base64');
}

const at = ({ host, port }: SshAddress) => `${host}:${port}`;

/** `Promise.withResolvers` came with Node.js 22. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((ok, fail) => {
    resolve = ok;
    reject = fail;
  });
  return { promise, resolve, reject };
}
