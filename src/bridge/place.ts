import { runChecked } from '../transport/run-checked.ts';
import type { Transport } from '../transport/transport.ts';

/** How far a file has been read, and how to tell whether it is still the same file. */
export interface Place {
  offset: number;
  /** The boot in which it was read: a power cut may take the last lines of a file although they were read. */
  boot: string;
  /** The first bytes of the file. */
  beginning: string;
}

const beginningBytes = 256;

/** Prints the boot id, the size and the first bytes of $1, each of them in a line; a missing file has none. */
const look = `cat /proc/sys/kernel/random/boot_id
[ -f "$1" ] || { echo 0; exit 0; }
wc -c <"$1" && head -c ${beginningBytes} -- "$1" | base64 -w 0`;

/** Where to read on: at the old place if the file is the one that was read there, else at its start. */
export async function findPlace(
  transport: Transport,
  file: string,
  before: Place | undefined,
  signal: AbortSignal,
): Promise<Place> {
  const found = await runChecked(transport, ['sh', '-c', look, 'sh', file], { signal });
  const [boot = '', size = '0', beginning = ''] = found.split('\n');
  const now = { offset: 0, boot, beginning };
  return before && isSame(before, now, Number(size)) ? { ...now, offset: before.offset } : now;
}

function isSame(before: Place, now: Place, size: number): boolean {
  if (before.boot !== now.boot || size < before.offset) return false;
  // What was short then may have become longer.
  return before.beginning.length === now.beginning.length && before.beginning === now.beginning;
}
