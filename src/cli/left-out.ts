import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemCodeOf } from '../errors.ts';

/**
 * Whether something below a source is not packed: git's own data; the links that nix-build leaves behind; a folder
 * that says of itself that git shall ignore all of it, as our own data folder with its keys does; and images that
 * were built, which are large and no source of anything.
 */
export function isLeftOut(path: string): boolean {
  const name = basename(path);
  if (name === '.git') return true;
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return ignoresItself(path) || isBuilt(path);
  return (
    /^result(-|$)/.test(name) &&
    stats?.isSymbolicLink() === true &&
    readlinkSync(path).startsWith('/nix/store/')
  );
}

/** Those of a list of files, relative to the folder, that lie in nothing that is left out. */
export function withoutLeftOut(folder: string, files: readonly string[]): string[] {
  const known = new Map<string, boolean>([['.', false]]);
  const liesInLeftOut = (place: string): boolean => {
    const before = known.get(place);
    if (before !== undefined) return before;
    const isOut = liesInLeftOut(dirname(place)) || isLeftOut(join(folder, place));
    known.set(place, isOut);
    return isOut;
  };
  return files.filter((file) => !liesInLeftOut(dirname(file)) && !isLeftOut(join(folder, file)));
}

/** With an exception in it, as in `*` and `!*.nix`, it is how people say which files they do want. */
function ignoresItself(folder: string): boolean {
  try {
    const lines = readFileSync(join(folder, '.gitignore'), 'utf8').split('\n');
    const rules = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    return rules.includes('*') && !rules.some((rule) => rule.startsWith('!'));
  } catch (error) {
    // Packing says so of what cannot be read.
    if (systemCodeOf(error) !== undefined) return false;
    throw error;
  }
}

const isBuilt = (folder: string) =>
  existsSync(join(folder, 'SHA256SUMS')) && existsSync(join(folder, 'manifest.json'));
