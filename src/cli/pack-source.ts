import { access, constants, readFile, realpath } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pack } from 'tar-fs';
import { pack as emptyPack, type Pack } from 'tar-stream';
import { messageOf, NexusError } from '../errors.ts';
import { gitFiles } from './git-files.ts';
import { isLeftOut, withoutLeftOut } from './left-out.ts';
import { fingerprintOf } from './source-fingerprint.ts';

/** Folder of the source for files that the command line adds to it. */
const extrasFolder = '.nexus';

export interface PackOptions {
  /** Nothing but the extras is packed when there is none. */
  folder: string | undefined;
  /** The only file of the folder that is packed. */
  only?: string | undefined;
  /** Files from anywhere, which get a place of their own in the source. */
  extras?: readonly string[];
}

export interface PackedSource {
  /** Begins to read when it is read, anew each time it is asked for. */
  readonly tar: Readable;
  /** Stands for what is packed while that does not change; nothing when it cannot be told. */
  fingerprint(): Promise<string | undefined>;
  /** Where each of the extras lies in the source. */
  extras: string[];
}

/**
 * A tar stream of a folder, or of one file in it, without what git ignores and what `isLeftOut` tells.
 * @throws {NexusError} `source-missing` when something cannot be read.
 */
export async function packSource({ folder, only, extras = [] }: PackOptions): Promise<PackedSource> {
  const contents = await Promise.all(extras.map(readExtra));
  const places = extras.map((path, index) => `${extrasFolder}/${index}-${basename(path)}`);
  const addExtras = (tar: Pack) => {
    for (const [index, content] of contents.entries()) tar.entry({ name: places[index] ?? '' }, content);
    tar.finalize();
  };
  if (folder === undefined) {
    return {
      get tar() {
        const tar = emptyPack();
        addExtras(tar);
        return Readable.from(tar);
      },
      fingerprint: async () => undefined,
      extras: places,
    };
  }
  await checkReadable(folder);
  // A folder may be given by a link to it, which would be packed instead of what is in it.
  const real = await realpath(folder);
  const listed = only ? undefined : await gitFiles(real);
  const entries = only ? [only] : listed && withoutLeftOut(real, listed);
  return {
    get tar() {
      const tar = pack(real, {
        ...(entries && { entries }),
        ignore: isLeftOut,
        finalize: false,
        finish: addExtras,
      });
      return Readable.from(packing(tar, folder));
    },
    fingerprint: () => fingerprintOf({ folder: real, entries: entries ?? ['.'], extras }),
    extras: places,
  };
}

/** What goes wrong while the stream is read is told as a problem of the folder. */
async function* packing(tar: Pack, folder: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of tar) yield chunk as Buffer;
  } catch (error) {
    throw new NexusError('source-missing', `${folder} cannot be packed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

async function readExtra(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new NexusError('source-missing', `${path} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function checkReadable(folder: string): Promise<void> {
  try {
    await access(folder, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw new NexusError('source-missing', `${folder} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
