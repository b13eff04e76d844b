import { isLeftOut } from './source-files.ts';
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
