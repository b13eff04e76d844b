import { lstatSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Whether something in a source is not packed: git's own data, and the links that nix-build leaves behind. */
export function isLeftOut(path: string): boolean {
  const name = basename(path);
  if (name === '.git') return true;
  return (
    /^result(-|$)/.test(name) &&
    lstatSync(path).isSymbolicLink() &&
    readlinkSync(path).startsWith('/nix/store/')
  );
}
