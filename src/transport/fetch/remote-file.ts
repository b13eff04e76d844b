import { NexusError } from '../../errors.ts';

/** A file on the builder, as the builder describes it. */
export interface RemoteFile {
  path: string;
  bytes: number;
  /** Lower-case hexadecimal. */
  sha256: string;
}

export interface FetchOptions {
  signal?: AbortSignal;
  /** Called with the bytes of the file that are here so far. */
  onProgress?: (bytes: number) => void;
}

/** @throws {NexusError} `transfer-damaged` when what arrived is not what the builder described. */
export function checkArrived(file: RemoteFile, bytes: number, sha256: string): void {
  if (bytes === file.bytes && sha256 === file.sha256) return;
  const expected = `${file.bytes} bytes with sha256 ${file.sha256}`;
  throw new NexusError(
    'transfer-damaged',
    `${file.path} should be ${expected}, but ${bytes} bytes with sha256 ${sha256} arrived`,
    {
      hint: 'The file changed on the builder or was damaged on the way; build again.',
    },
  );
}
