import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildRequest, parseRequest } from '../builds/request.ts';
import type { Sources } from '../builds/sources.ts';
import { resolveVariant } from '../builds/variants.ts';
import { packSource } from '../cli/pack-source.ts';
import { resolveSource } from '../cli/resolve-source.ts';
import { NexusError, systemCodeOf } from '../errors.ts';
import type { Entry } from './look.ts';
import { type InboxOptions, parseOptions } from './options.ts';

/** Takes the source of an entry in, and makes the request that its options ask for. */
export async function makeRequest(entry: Entry, sources: Sources): Promise<BuildRequest> {
  if (entry.name.includes('#')) {
    throw new NexusError('source-unsafe', `${entry.name} has a # in its name`, {
      hint: 'Give it another name: in a flake reference a # begins the attribute.',
    });
  }
  const { variants = [], modules = [], attribute, ...options } = await readOptions(entry);
  const wanted = variants.map(resolveVariant);
  const resolved = await resolveSource(entry.path, { wantsImage: wanted.length > 0, attribute });
  const packed = await packSource({ folder: resolved.folder, only: resolved.only });
  const source = await sources.add(packed.tar);
  const { what, name } = resolved;
  const isImage = what.kind === 'image' || what.kind === 'flake-image';
  return parseRequest({
    ...(isImage && { variants: wanted.length > 0 ? wanted : ['iso'], modules }),
    ...(what.kind === 'nix' && attribute !== undefined && { attribute }),
    ...what,
    name,
    source,
    // What does not go with this kind of request is refused by its schema.
    ...options,
  });
}

/** Options in the folder count before those beside it. */
async function readOptions({ path, parts }: Entry): Promise<InboxOptions> {
  for (const file of [join(path, 'nexus.yaml'), join(path, 'nexus.yml'), ...parts.slice(1)]) {
    try {
      return parseOptions(basename(file), await readFile(file, 'utf8'));
    } catch (error) {
      // Neither is there to be in a file.
      if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'ENOTDIR') throw error;
    }
  }
  return {};
}
