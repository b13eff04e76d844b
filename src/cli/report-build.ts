import { access } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Build } from '../builds/build.ts';
import type { Context } from './context.ts';
import { formatBytes, formatDuration } from './format.ts';

/**
 * Says how a build ended: the paths of its artifacts on standard output, everything else on standard error.
 * @returns the exit status.
 */
export async function reportBuild(build: Build, { out, err }: Context, json: boolean): Promise<number> {
  if (json) {
    out.write(`${JSON.stringify(build, null, 2)}\n`);
    return build.state === 'succeeded' ? 0 : 1;
  }
  switch (build.state) {
    case 'succeeded':
      await reportSuccess(build, out, err);
      return 0;
    case 'cancelled':
      err.write(`Build ${build.id} was cancelled.\n`);
      return 1;
    default:
      err.write(`${build.error?.message ?? 'The build failed.'}\n`);
      if (build.error?.hint)
        err.write(`${build.error.hint.replace(/nexus logs$/, `nexus logs ${build.id}`)}\n`);
      return 1;
  }
}

async function reportSuccess(build: Build, out: NodeJS.WriteStream, err: NodeJS.WriteStream): Promise<void> {
  err.write(`Built ${build.request.name} in ${formatDuration(elapsed(build))} (build ${build.id}).\n`);
  for (const { path, bytes, sha256 } of build.artifacts) {
    err.write(`${formatBytes(bytes)}, sha256 ${sha256}:\n`);
    out.write(`${fromHere(path)}\n`);
  }
  const first = build.artifacts[0];
  if (first?.path.startsWith('/') && !(await isHere(first.path))) {
    err.write(`The orchestrator is on another machine; to download: nexus fetch ${build.id}\n`);
  }
}

function elapsed({ startedAt, createdAt, finishedAt }: Build): number {
  return Date.parse(finishedAt ?? createdAt) - Date.parse(startedAt ?? createdAt);
}

/** The shorter of the absolute and the relative path. */
function fromHere(path: string): string {
  if (!path.startsWith('/')) return path;
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

const isHere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );
