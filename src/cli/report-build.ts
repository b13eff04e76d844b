import { access } from 'node:fs/promises';
import { relative } from 'node:path';
import type { Build } from '../builds/build.ts';
import type { Context } from './context.ts';
import { formatBytes, formatDuration } from './format.ts';
import { type Paint, painter } from './paint.ts';
import { wantsColours } from './terminal.ts';
import { howToUse } from './use-image.ts';

/**
 * Says how a build ended: the paths of its artifacts on standard output, everything else on standard error.
 * @returns the exit status.
 */
export async function reportBuild(build: Build, { out, err }: Context, json: boolean): Promise<number> {
  const paint = painter(wantsColours(err));
  if (json) {
    out.write(`${JSON.stringify(build, null, 2)}\n`);
    return build.state === 'succeeded' ? 0 : 1;
  }
  switch (build.state) {
    case 'succeeded':
      await reportSuccess(build, { out, err }, paint);
      return 0;
    case 'cancelled':
      err.write(`Build ${build.id} was cancelled.\n`);
      return 1;
    default:
      err.write(describeFailure(build, paint));
      return 1;
  }
}

async function reportSuccess(build: Build, { out, err }: Pick<Context, 'out' | 'err'>, paint: Paint) {
  const took = formatDuration(elapsed(build));
  err.write(`${paint('green', `Built ${build.request.name} in ${took}`)} (build ${build.id}).\n`);
  for (const { path, bytes, sha256 } of build.artifacts) {
    const file = fromHere(path);
    err.write(`\n${formatBytes(bytes)}, sha256 ${sha256}\n`);
    for (const line of howToUse(file, build.request)) err.write(`${paint('dim', line)}\n`);
    out.write(`${file}\n`);
  }
  const first = build.artifacts[0];
  if (first?.path.startsWith('/') && !(await isHere(first.path))) {
    err.write(`The orchestrator is on another machine; to download: nexus fetch ${build.id}\n`);
  }
}

/** The cause, then what was printed, then what to do, then where to look further. */
function describeFailure(build: Build, paint: Paint): string {
  const { id, error } = build;
  const [cause = 'The build failed.', ...said] = (error?.message ?? '').split('\n');
  const advice = (error?.hint ?? '').split('\n').filter((line) => line !== '' && !/nexus logs$/.test(line));
  const dig = [
    [`nexus logs ${id}`, 'everything it printed'],
    [`nexus show ${id}`, 'its request and how it ended'],
  ];
  return [
    paint('red', cause || 'The build failed.'),
    ...said,
    ...(advice.length > 0 ? ['', ...advice.map((line) => paint('yellow', line))] : []),
    '',
    ...dig.map(([command = '', what]) => `${paint('bold', command)}   ${paint('dim', `${what}`)}`),
    '',
  ].join('\n');
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
