import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { runChecked } from '../../transport/run-checked.ts';
import { anySignal } from '../../transport/signals.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';
import type { SshTransport } from '../../transport/ssh-transport.ts';
import { connectOnce, type Welcome } from './connect-guest.ts';
import type { Vm } from './vm.ts';

export interface LeftVmOptions {
  vm: Vm;
  keys: SshKeys;
  /** Folder of the pipe in the guest. */
  root: string;
  limitMs: number;
  welcome: Welcome;
  signal: AbortSignal;
  logger: Logger;
}

/** A VM that an earlier orchestrator has left running, and that answers. */
export interface LeftVm {
  transport: SshTransport;
  /** The builds that have not ended there. */
  builds: string[];
}

/** Builds that were accepted and of which no end was told. $1 is the folder of the pipe. */
const unfinished = `cd "$1/builds" 2>/dev/null || exit 0
for build in */; do [ -e "$build/finished" ] || [ ! -e "$build/script" ] || printf '%s\\n' "\${build%/}"; done`;

/** Looks what runs in it; nothing when it does not answer. */
export async function lookInto(options: LeftVmOptions): Promise<LeftVm | undefined> {
  const { vm, keys, root, limitMs, welcome, signal, logger } = options;
  const limit = anySignal(signal, vm.lost, AbortSignal.timeout(limitMs));
  let transport: SshTransport | undefined;
  try {
    transport = await connectOnce(vm, keys, limit, welcome);
    const list = await runChecked(transport, ['sh', '-c', unfinished, 'sh', root], { signal: limit });
    return { transport, builds: list.split('\n').filter(Boolean) };
  } catch (error) {
    await transport?.[Symbol.asyncDispose]();
    signal.throwIfAborted();
    logger.warn('The VM that was left running does not answer', { why: messageOf(error) });
    return undefined;
  }
}
