import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, NexusError } from '../../errors.ts';
import { complaintAbout, complaintAboutSize } from './complaint.ts';
import { type Place, sortSettings } from './places.ts';

export interface SettingsFile extends Place {
  content: Buffer;
}

export interface VmSettings {
  files: readonly SettingsFile[];
  /** Files that mean nothing to us. */
  unknown: readonly string[];
}

/**
 * Reads the user's folder with settings for Nix in the builder.
 * @throws {NexusError} `config-invalid`, naming everything that is wrong at once.
 */
export async function readSettings(folder: string): Promise<VmSettings> {
  const { places, unknown } = sortSettings(await namesIn(folder));
  const files: SettingsFile[] = [];
  const wrong: string[] = [];
  for (const place of places) {
    const read = await readPlace(folder, place);
    if (typeof read === 'string') wrong.push(`${place.name} ${read}`);
    else files.push(read);
  }
  if (wrong.length > 0) throw invalid(`These settings cannot be used:\n  ${wrong.join('\n  ')}`, folder);
  return { files, unknown };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const name of await readdir(folder)) {
      if (name !== 'ssh') names.push(name);
      else names.push(...(await readdir(join(folder, name))).map((key) => `ssh/${key}`));
    }
    return names.sort();
  } catch (error) {
    throw invalid(`The settings cannot be read: ${messageOf(error)}`, folder, error);
  }
}

/** The file, or what is wrong with it. */
async function readPlace(folder: string, place: Place): Promise<SettingsFile | string> {
  const file = join(folder, place.name);
  try {
    const found = await stat(file);
    if (!found.isFile()) return 'is not a file';
    const tooLarge = complaintAboutSize(found.size);
    if (tooLarge) return tooLarge;
    const content = await readFile(file);
    return complaintAbout(place.name, content) ?? { ...place, content };
  } catch (error) {
    return `cannot be read: ${messageOf(error)}`;
  }
}

function invalid(message: string, folder: string, cause?: unknown): NexusError {
  return new NexusError('config-invalid', message, {
    hint: `They lie in ${folder} (NEXUS_VM_SETTINGS); settings/README.md says what may be there.`,
    cause,
  });
}
