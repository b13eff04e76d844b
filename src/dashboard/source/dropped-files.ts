import type { SourceFile } from './tar.ts';

/** Files that were chosen with one of the two buttons; those of a folder begin with its name. */
export function chosenFiles(list: FileList): SourceFile[] {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, content: file }));
  return files;
}

/** Files and folders that were dropped, with all that is in them. */
export async function droppedFiles(data: DataTransfer): Promise<SourceFile[]> {
  // The list is empty as soon as this function has waited for something.
  const entries = [...data.items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const found = await Promise.all(entries.map((entry) => filesOf(entry)));
  return found.flat();
}

async function filesOf(entry: FileSystemEntry): Promise<SourceFile[]> {
  const path = entry.fullPath.replace(/^\//, '');
  if (isFile(entry)) {
    const content = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    return [{ path, content }];
  }
  if (!isFolder(entry) || isLeftOut(path)) return [];
  const found = await Promise.all((await entriesOf(entry.createReader())).map((inner) => filesOf(inner)));
  return found.flat();
}

/** A reader gives a hundred at a time. */
async function entriesOf(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** What git keeps for itself is no source. */
const isLeftOut = (path: string) => path.split('/').includes('.git');

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
