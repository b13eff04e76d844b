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
  signal: AbortSignal;
}

/**
 * The source appears under its name only when it is whole, and then stays as it is: a build may already work on it,
 * when an orchestrator died between sending its script and recording that.
 */
const unpack = `set -eu
cd "$1"
[ ! -e "$2" ] || exit 0
part=$(mktemp -d .source.XXXXXX)
tar -x --no-same-owner -C "$part"
chmod 755 "$part"
mv -T "$part" "$2" || [ -e "$2" ]
rm -rf .source.*`;

/** Unpacks the source of a build on the builder, unless it is there. */
export async function uploadSource({
  transport,
  folder,
  source,
  signal,
}: UploadSourceOptions): Promise<void> {
  try {
    await runChecked(transport, ['mkdir', '-p', '--', folder], { signal });
    await runChecked(transport, ['sh', '-c', unpack, 'sh', folder, sourceFolder], { input: source, signal });
  } finally {
    source.destroy();
  }
}
