import { formatBytes, formatDuration } from '../amounts.ts';
import { type Build, isFinished } from '../builds/build.ts';
import type { ErrorReport } from '../errors.ts';

/** What a person reads beside what was dropped, while it is built and afterwards. */
export function describeBuild(name: string, build: Build): string {
  const lines = [`# ${inline(name)}: ${headline(build)}`, '', ...facts(build)];
  if (build.artifacts.some(({ path }) => path !== '')) {
    lines.push('', '| file | size | sha256 |', '|---|---|---|');
    for (const { path, bytes, sha256 } of build.artifacts)
      lines.push(`| ${inline(path)} | ${formatBytes(bytes)} | \`${sha256}\` |`);
  }
  if (build.error) lines.push('', ...problem(build.error, build.id));
  lines.push('', next(build));
  return `${lines.join('\n')}\n`;
}

/** Why nothing was built. */
export function describeRefusal(name: string, error: ErrorReport): string {
  const lines = [`# ${inline(name)}: not built`, '', ...problem(error), '', again];
  return `${lines.join('\n')}\n`;
}

const again = 'It is tried again when it has been changed, not before.';

function headline({ state }: Build): string {
  switch (state) {
    case 'succeeded':
      return 'built';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
    default:
      return 'being built';
  }
}

function facts({ id, request, createdAt, startedAt, finishedAt }: Build): string[] {
  const took =
    startedAt && finishedAt
      ? [`- took ${formatDuration(Date.parse(finishedAt) - Date.parse(startedAt))}`]
      : [];
  const what = 'variants' in request ? `, ${request.variants.join(', ')}` : '';
  return [`- build \`${id}\` (${request.kind}${what})`, `- since ${createdAt}`, ...took];
}

function problem({ code, message, hint }: ErrorReport, id?: string): string[] {
  const advice = hint?.replace(/nexus logs$/, id ? `nexus logs ${id}` : 'nexus logs');
  return [`**${code}**`, '', ...fenced(message), ...(advice ? ['', advice] : [])];
}

/** Whatever the text has in it, it ends where we say. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return [fence, text, fence];
}

function inline(text: string): string {
  const plain = text.replace(/[\r\n|]/g, ' ');
  return plain.includes('`') ? plain : `\`${plain}\``;
}

function next(build: Build): string {
  if (!isFinished(build))
    return `To follow it: \`nexus logs ${build.id}\`. To end it: \`nexus cancel ${build.id}\`.`;
  return build.state === 'succeeded' ? 'Change it, and it is built again.' : again;
}
