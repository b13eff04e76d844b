import type { SourceFile } from './tar.ts';

/** What git keeps for itself is no source. */
export const isLeftOut = (path: string) => path.split('/').includes('.git');

/** A single folder is the source itself, not a folder in it. What git keeps for itself is left out. */
export function asSource(files: readonly SourceFile[]): SourceFile[] {
  const wanted = files.filter(({ path }) => !isLeftOut(path));
  const [first] = wanted[0]?.path.split('/') ?? [];
  const isOneFolder = wanted.every(({ path }) => path.startsWith(`${first}/`));
  if (!isOneFolder) return [...wanted];
  return wanted.map(({ path, content }) => ({ path: path.slice((first?.length ?? 0) + 1), content }));
}

/** The name of the folder that holds everything, for the name of the build. */
export function commonFolder(paths: readonly string[]): string | undefined {
  const [first] = paths[0]?.split('/') ?? [];
  return paths.length > 0 && paths.every((path) => path.startsWith(`${first}/`)) ? first : undefined;
}
