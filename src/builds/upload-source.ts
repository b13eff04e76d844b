import type { Readable } from 'node:stream';
import { runChecked } from '../transport/run-checked.ts';
import type { Transport } from '../transport/transport.ts';
import { sourceFolder } from './plan.ts';

export interface UploadSourceOptions {
  transport: Transport;
  /** Folder of the build on the builder. */
  folder: string;
  /** A tar archive. */
  source: Readable;
  /** Of the archive. */
  sha256: string;
  signal: AbortSignal;
}

/**
 * The source appears under its name only when it is whole, and then stays as it is: a build may already work on it,
 * when an orchestrator died between sending its script and recording that. A line that breaks ends the input as well,
 * and tar would take what came for all there is: so the sum decides. Another one of these, whose line broke, may
 * still be at work.
 */
const unpack = `cd "$1" || exit
[ ! -e "$2" ] || exit 0
part=$(mktemp -d .source.XXXXXX) && cat >"$part.tar" &&
  echo "$3  $part.tar" | sha256sum --check --status &&
  tar -x --no-same-owner -C "$part" -f "$part.tar" &&
  chmod 755 "$part" && mv -T "$part" "$2"
rm -rf "$part" "$part.tar"
[ -e "$2" ] || { echo "the source did not arrive whole" >&2; exit 1; }
rm -rf .source.*`;

/** Unpacks the source of a build on the builder, unless it is there. */
export async function uploadSource({
  transport,
  folder,
  source,
  sha256,
  signal,
}: UploadSourceOptions): Promise<void> {
  try {
    await runChecked(transport, ['mkdir', '-p', '--', folder], { signal });
    const command = ['sh', '-c', unpack, 'sh', folder, sourceFolder, sha256] as const;
    await runChecked(transport, command, { input: source, signal });
  } finally {
    source.destroy();
  }
}
