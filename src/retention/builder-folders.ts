import { posix } from 'node:path';
import type { StartedBuilder } from '../builders/builder.ts';
import { runChecked } from '../transport/run-checked.ts';
import type { BuilderFolder } from './decide.ts';

/** Two programs for all folders, because each one costs a second in an emulated VM. */
const listScript = `cd -- "$1" 2>/dev/null || exit 0
printf 'now %s\\n' "$(date +%s)"
find . -mindepth 2 -maxdepth 2 -name finished -printf 'finished %T@ %h\\n'
du -B1 --max-depth=1 . 2>/dev/null | sed 's/^/bytes /'
exit 0`;

export interface BuilderFolders {
  /** The builder's clock, in seconds. */
  now: number;
  /** Folders of builds that have ended. */
  folders: BuilderFolder[];
}

export async function listFolders(builder: StartedBuilder): Promise<BuilderFolders> {
  const folder = posix.join(builder.pipe.root, 'builds');
  return parseFolders(await runChecked(builder.transport, ['sh', '-c', listScript, 'sh', folder]));
}

export function parseFolders(text: string): BuilderFolders {
  const bytes = new Map(
    [...text.matchAll(/^bytes (\d+)\t\.\/(.+)$/gm)].map(([, size, name]) => [name, size]),
  );
  const folders = [...text.matchAll(/^finished (\d+)\S* \.\/([a-z0-9][a-z0-9-]{0,62})$/gm)];
  return {
    now: Number(/^now (\d+)$/m.exec(text)?.[1] ?? 0),
    folders: folders.map(([, at, name = '']) => ({
      ...{ name, finishedAt: Number(at), bytes: Number(bytes.get(name) ?? 0) },
    })),
  };
}

/** Names arrive on standard input: there may be more than fit into one command. */
export async function removeFolders(builder: StartedBuilder, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const script = 'cd -- "$1" && xargs -0 rm -rf --';
  const folder = posix.join(builder.pipe.root, 'builds');
  const input = names.map((name) => `./${name}\0`).join('');
  await runChecked(builder.transport, ['sh', '-c', script, 'sh', folder], { input });
}
