import { join } from 'node:path';
import { NexusError } from '../../errors.ts';
import { anySignal } from '../../transport/signals.ts';
import type { Transport } from '../../transport/transport.ts';
import { archive } from './archive.ts';
import { type FolderFile, filesBelow } from './folder-hash.ts';
import { NixProgress } from './nix-progress.ts';

export interface ProvideWatcherOptions {
  transport: Transport;
  /** The folder `vm/` of the package. */
  source: string;
  /** Where nixpkgs is that has the programs the booted system lacks; fetched only when it lacks some. */
  nixpkgs: string;
  signal: AbortSignal;
  say: (detail: string) => void;
}

/** Folder of the guest that our programs are unpacked into. */
const folder = '/run/nexus';
const log = `${folder}/prepare.log`;

/**
 * Installs the watcher where the booted system has none, as the stock NixOS ISO has not.
 * @returns warnings for the user.
 * @throws {NexusError} `watcher-failed` with the last lines.
 */
export async function provideWatcher(options: ProvideWatcherOptions): Promise<string[]> {
  const { transport, source, nixpkgs, signal, say } = options;
  const known = await transport.run(['systemctl', 'cat', 'nexus-watcher.service'], { signal });
  if (known.status === 0) return [];
  say('installing it into a system that has none');
  await unpack(transport, await programs(source), signal);
  const { stdout, status } = await telling(options, () =>
    transport.run(['bash', '-c', prepareScript, 'bash', nixpkgs], { signal }),
  );
  if (status !== 0) {
    const last = stdout.trim().split('\n').slice(-15).join('\n');
    throw new NexusError('watcher-failed', `The watcher could not be installed:\n${last}`, {
      hint: 'A system that was not made from vm/ needs systemd, Nix and, for programs it lacks, the internet. Without NEXUS_VM_BOOT the builder ISO is made.',
    });
  }
  return warningsIn(stdout);
}

/** $1 is nixpkgs. What it prints is read while it runs, and once more when it has ended. */
const prepareScript = `set -o pipefail; bash ${folder}/foreign/prepare "$1" 2>&1 | tee ${log}`;

export function warningsIn(text: string): string[] {
  return [...text.matchAll(/^nexus warning: (.*)$/gm)].map(([, warning]) => warning ?? '');
}

async function programs(source: string): Promise<FolderFile[]> {
  const files = await Promise.all(
    ['watcher', 'foreign'].map(async (part) =>
      (await filesBelow(join(source, part))).map((file) => ({ ...file, name: `${part}/${file.name}` })),
    ),
  );
  return files.flat();
}

async function unpack(transport: Transport, files: readonly FolderFile[], signal: AbortSignal) {
  const entries = files.map(({ name, path, executable }) => ({
    name,
    mode: executable ? 0o755 : 0o644,
    content: { file: path },
  }));
  const command = ['sh', '-c', `mkdir -p ${folder} && tar -x -C ${folder}`] as const;
  const { status, stderr } = await transport.run(command, { input: archive(entries), signal });
  if (status === 0) return;
  throw new NexusError('watcher-failed', `The watcher could not be unpacked in the VM: ${stderr.trim()}`);
}

/** Says what the installation prints while `work` runs. */
async function telling<T>(
  { transport, signal, say }: ProvideWatcherOptions,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController();
  const telling = tell(transport.follow(log, { signal: anySignal(signal, done.signal) }), say);
  // It only ever ends by its signal.
  telling.catch(() => {});
  try {
    return await work();
  } finally {
    done.abort();
  }
}

async function tell(chunks: AsyncIterable<Buffer>, say: (detail: string) => void): Promise<void> {
  const progress = new NixProgress();
  for await (const chunk of chunks) {
    const text = chunk.toString();
    const last = text.trim().split('\n').at(-1);
    const detail = progress.read(text) ?? last;
    if (detail) say(detail);
  }
}
