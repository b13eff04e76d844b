import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { runChecked } from './run-checked.ts';
import type { PutOptions, Transport } from './transport.ts';

/** Writes a file over SSH, whole or not at all, once; it is harmless to do so again. */
export async function putOverSsh(
  transport: Transport,
  path: string,
  content: string | Buffer,
  options: PutOptions,
): Promise<void> {
  const bytes = Buffer.from(content);
  // A name of its own for every attempt: what a broken connection has left running still tidies up after itself.
  const temporary = posix.join(posix.dirname(path), `.${posix.basename(path)}.${randomUUID()}`);
  const mode = (options.mode ?? 0o600).toString(8);
  await runChecked(transport, ['sh', '-c', putScript, 'sh', temporary, path, mode, String(bytes.length)], {
    input: Readable.from([bytes]),
    ...(options.signal && { signal: options.signal }),
  });
}

/** $1 temporary name, $2 final name, $3 mode, $4 bytes: a line cut in the middle also ends `cat`, so they are counted. */
const putScript = `umask 077
trap 'rm -f -- "$1"; exit 1' TERM HUP
cat >"$1" && [ "$(wc -c <"$1")" -eq "$4" ] && { [ "$3" = 600 ] || chmod "$3" "$1"; } && mv -fT -- "$1" "$2" && exit
rm -f -- "$1"; echo "$2 could not be written" >&2; exit 1`;
