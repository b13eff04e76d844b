import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { NexusError } from '../errors.ts';
import { runChecked } from '../transport/run-checked.ts';
import type { Transport } from '../transport/transport.ts';
import { sourceFolder } from './plan.ts';

export interface UploadSourceOptions {
  transport: Transport;
  /** Folder of the pipe on the builder. */
  root: string;
  /** Folder of the build on the builder. */
  folder: string;
  /** Opens the tar archive. */
  open: () => Readable;
  /** Of the archive. */
  sha256: string;
  signal: AbortSignal;
}

/** What the script says when the builder does not have the archive. */
const isMissing = 3;

/** Archives on the builder go when nobody has used them for this long, and the oldest when together they are larger. */
const keptDays = 14;
const keptBytes = 4 * 1024 ** 3;

/**
 * $1 folder of the build, $2 name of the source in it, $3 sha256, $4 folder of the archives, $5 whether the archive is
 * on the standard input.
 *
 * The source appears under its name only when it is whole, and then stays as it is: a build may already work on it,
 * when an orchestrator died between sending its script and recording that. A line that breaks ends the input as well,
 * and tar would take what came for all there is: so the sum decides. Another one of these, whose line broke, may
 * still be at work, or be killed at any moment: so what is not whole lies with the build, and goes when one is done.
 */
const unpack = `umask 022
mkdir -p -- "$1" "$4" && cd "$1" || exit
[ ! -e "$2" ] || { rm -rf .source.*; exit 0; }
whole() { (cd "$1" && echo "$3  $2" | sha256sum --check --status); }
if [ "$5" = sent ]; then
  archive=$(mktemp .source.XXXXXX) || exit
  cat >"$archive" && whole . "$archive" "$3" && mv -fT -- "$archive" "$4/$3.tar"
  rm -f -- "$archive"
fi
whole "$4" "$3.tar" "$3" || { rm -f -- "$4/$3.tar"; echo "the source did not arrive whole" >&2; exit ${isMissing}; }
touch -- "$4/$3.tar"
part=$(mktemp -d .source.XXXXXX) && tar -x --no-same-owner -C "$part" -f "$4/$3.tar" &&
  chmod 755 "$part" && mv -T "$part" "$2"
rm -rf -- "$part"
[ -e "$2" ] || exit 1
rm -rf .source.*
find "$4" -type f -mtime +${keptDays} -delete
find "$4" -type f -name '*.tar' -printf '%T@ %s %f\\n' | sort -rn | {
  total=0
  while read -r _ size name; do
    total=$((total + size))
    [ "$total" -le ${keptBytes} ] || [ "$name" = "$3.tar" ] || rm -f -- "$4/$name"
  done
}`;

/** Unpacks the source of a build on the builder, unless it is there; it is sent only if the builder never had it. */
export async function uploadSource(options: UploadSourceOptions): Promise<void> {
  const { transport, root, folder, open, sha256, signal } = options;
  const words = [
    'sh',
    '-c',
    unpack,
    'sh',
    folder,
    sourceFolder,
    sha256,
    posix.join(root, 'sources'),
  ] as const;
  const { status, stderr } = await transport.run([...words, 'kept'], { signal });
  if (status === 0) return;
  if (status !== isMissing) {
    throw new NexusError('command-failed', `The source cannot be unpacked on the builder: ${stderr.trim()}`);
  }
  const source = open();
  try {
    await runChecked(transport, [...words, 'sent'], { input: source, signal });
  } finally {
    source.destroy();
  }
}
