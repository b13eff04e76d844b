import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const mostNames = 5;

/** What differs from Nix on this machine when a folder is sent as a flake, in sentences. */
export async function notesOnFlake(folder: string): Promise<string[]> {
  const untracked = await untrackedFiles(folder);
  return [
    ...((await exists(join(folder, 'flake.lock')))
      ? []
      : [
          'This flake has no flake.lock: its inputs are looked up now, and may be others next time. nix flake lock pins them.',
        ]),
    ...(untracked.length > 0
      ? [`Sent along, though git does not track them: ${listed(untracked)}. Nix itself would leave them out.`]
      : []),
  ];
}

async function untrackedFiles(folder: string): Promise<string[]> {
  try {
    const list = ['-C', folder, 'ls-files', '-z', '--others', '--exclude-standard'];
    const { stdout } = await promisify(execFile)('git', list, {
      timeout: 10_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout.split('\0').filter((name) => name !== '');
  } catch {
    // No git, or no repository: then there is nothing that is not tracked.
    return [];
  }
}

function listed(names: readonly string[]): string {
  const rest = names.length - mostNames;
  return rest > 0 ? `${names.slice(0, mostNames).join(', ')} and ${rest} more` : names.join(', ');
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
