import { lstatSync, readlinkSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-fs';
import { messageOf, NexusError } from '../errors.ts';

/**
 * A tar stream of a folder, or of one file in it. Left out are git's own data and the links that nix-build
 * leaves behind, which lead into this machine's store.
 * @throws {NexusError} `source-missing` when the folder cannot be read.
 */
export async function packSource(folder: string, only?: string): Promise<Readable> {
  try {
    await access(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new NexusError('source-missing', `${folder} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const tar = pack(folder, { ...(only && { entries: [only] }), ignore: isLeftOut });
  return Readable.from(tar);
}

function isLeftOut(path: string): boolean {
  const name = basename(path);
  if (name === '.git') return true;
  return (
    /^result(-|$)/.test(name) &&
    lstatSync(path).isSymbolicLink() &&
    readlinkSync(path).startsWith('/nix/store/')
  );
}
