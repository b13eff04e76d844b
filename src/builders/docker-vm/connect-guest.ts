import pRetry from 'p-retry';
import { NexusError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { anySignal } from '../../transport/signals.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import { isTransient, SshTransport } from '../../transport/ssh-transport.ts';
import type { Transport } from '../../transport/transport.ts';
import type { Vm } from './vm.ts';

/** Makes a guest ready again to which the connection was lost. */
export type Welcome = (guest: Transport) => Promise<void>;

export interface ConnectGuestOptions {
  vm: Vm;
  keys: SshKeys;
  /** How long a boot may take. */
  bootTimeoutMs: number;
  welcome: Welcome;
  signal: AbortSignal;
  say: (detail: string) => void;
  logger: Logger;
}

/**
 * Waits until the guest's sshd answers with our host key. About one boot in sixty never answers under emulation, and
 * the next one does, so there is a second try.
 */
export async function connectGuest(options: ConnectGuestOptions): Promise<SshTransport> {
  const { vm, keys, bootTimeoutMs, welcome, signal, say, logger } = options;
  const alive = anySignal(signal, vm.lost);
  try {
    return await connectOnce(vm, keys, anySignal(alive, AbortSignal.timeout(bootTimeoutMs)), welcome);
  } catch (error) {
    alive.throwIfAborted();
    if (error instanceof NexusError && !isTransient(error)) throw error;
    say('the guest did not answer, starting it once more');
    logger.warn('The guest did not answer; starting it once more', { limitMs: bootTimeoutMs });
    await vm.restart();
    return connectOnce(vm, keys, anySignal(alive, AbortSignal.timeout(bootTimeoutMs)), welcome);
  }
}

/** Tries until the signal aborts, or something answers that is not our guest. */
export async function connectOnce(
  vm: Vm,
  keys: SshKeys,
  signal: AbortSignal,
  welcome: Welcome,
): Promise<SshTransport> {
  const ssh = {
    ...(await vm.ssh()),
    username: 'root',
    privateKey: keys.client.privateKey,
    hostPublicKey: keys.host.publicKey,
  };
  return pRetry(() => SshTransport.connect(ssh, { signal, welcome, locate: () => vm.ssh() }), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 250,
    maxTimeout: 250,
    signal,
    shouldRetry: ({ error }) => isTransient(error),
  });
}
