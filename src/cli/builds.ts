import { once } from 'node:events';
import type { Command } from 'commander';
import { NexusError } from '../errors.ts';
import type { BuildView } from '../http/schemas.ts';
import type { ApiClient } from './api-client.ts';
import { makeContext } from './context.ts';
import { describeBuilding } from './describe-progress.ts';
import { detachedStatus, followBuild } from './follow-build.ts';
import { formatTable } from './format.ts';
import { logWriter } from './live/log-writer.ts';
import { reportBuild } from './report-build.ts';

const idArgument = ['[id]', 'id of the build (default: the newest)'] as const;

/** The id that was given, or that of the newest build. */
export async function idOrNewest(client: ApiClient, id: string | undefined): Promise<string> {
  if (id !== undefined) return id;
  const newest = (await client.list(1))[0];
  if (newest) return newest.id;
  throw new NexusError('not-found', 'There are no builds yet', { hint: 'nexus build PATH makes one.' });
}

export function showCommand(program: Command): void {
  program
    .command('show')
    .description('Show one build: its state, its artifacts, and why it failed.')
    .argument(...idArgument)
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus show                                     the newest build
  nexus show --json | jq -r '.artifacts[].path'  where its images are`,
    )
    .action(async (id: string | undefined, { json }: { json?: true }) => {
      const { client, out } = makeContext();
      const api = await client();
      const build = await api.show(await idOrNewest(api, id));
      out.write(json ? `${JSON.stringify(build, null, 2)}\n` : `${describe(build)}\n`);
    });
}

function describe(build: BuildView): string {
  const { request, artifacts, error, retrieve } = build;
  const lines = [
    ['build', build.id],
    ['name', request.name],
    ['kind', 'variants' in request ? `${request.kind} (${request.variants.join(', ')})` : request.kind],
    ['state', build.phase ? `${build.state}: ${build.phase}` : build.state],
    ...(build.progress ? [['progress', describeBuilding(build).text]] : []),
    ...(build.pinned ? [['pinned', 'yes: nothing removes it']] : []),
    ...(build.waiting ? [['waits', build.waiting]] : []),
    ['builder', build.builder ?? '-'],
    ['created', build.createdAt],
    ['finished', build.finishedAt ?? '-'],
    ...artifacts.map(({ name, path, bytes, sha256 }) => [
      'artifact',
      `${path || name}  ${bytes} bytes  sha256 ${sha256}`,
    ]),
    ...retrieve.map((command) => ['by hand', command]),
    ...(error ? [['error', `${error.code}: ${error.message}`]] : []),
    ...(error?.hint ? [['hint', error.hint]] : []),
  ];
  return formatTable(lines);
}

export function logsCommand(program: Command): void {
  program
    .command('logs')
    .description('Print the output of a build, and what it still prints until it ends.')
    .argument(...idArgument)
    .option('--no-follow', 'print what is there now and stop')
    .option('--raw', 'as Nix wrote it, for programs: its internal-json log format')
    .addHelpText(
      'after',
      `
Examples:
  nexus logs                                     of the newest build, until it ends
  nexus logs --no-follow 20260911-101500-3f2a | grep error
  nexus logs --raw --no-follow | nom --json      for programs that read Nix’s own format`,
    )
    .action(async (given: string | undefined, { follow, raw }: { follow: boolean; raw?: true }) => {
      const context = makeContext();
      const client = await context.client();
      const id = await idOrNewest(client, given);
      if (raw || !follow)
        await copyLog(client.log(id, { follow, format: raw ? 'raw' : 'text' }), context.out, raw);
      else if (!(await followBuild(client, id, context, { log: context.out }))) {
        process.exitCode = detachedStatus;
      }
    });
}

async function copyLog(log: AsyncIterable<Buffer>, out: NodeJS.WriteStream, raw: true | undefined) {
  const writer = raw ? { write: (chunk: Buffer) => void out.write(chunk), end: () => {} } : logWriter(out);
  for await (const chunk of log) {
    writer.write(chunk);
    if (out.writableNeedDrain) await once(out, 'drain');
  }
  writer.end();
}

export function watchCommand(program: Command): void {
  program
    .command('watch')
    .description('Follow the progress of a build until it ends, then say how it ended.')
    .argument(...idArgument)
    .option('-v, --verbose', 'show the output of the build as well')
    .option('--json', 'print the finished build as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus watch                       the newest build
  nexus watch -v 20260911-101500-3f2a

Exit status: that of nexus build. Ctrl-C leaves the build alone.`,
    )
    .action(async (given: string | undefined, { verbose, json }: { verbose?: true; json?: true }) => {
      const context = makeContext();
      const client = await context.client();
      const id = await idOrNewest(client, given);
      const build = await followBuild(client, id, context, { log: verbose && context.err });
      process.exitCode = build ? await reportBuild(build, context, json === true) : detachedStatus;
    });
}

export function cancelCommand(program: Command): void {
  program
    .command('cancel')
    .description('End a build; a finished one stays as it is.')
    .argument('<id>', 'id of the build')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  nexus cancel 20260911-101500-3f2a

Every process of the build ends with it, on the builder too. What Nix had finished it keeps.`,
    )
    .action(async (id: string, { json }: { json?: true }) => {
      const context = makeContext();
      const build = await (await context.client()).cancel(id);
      if (build.state === 'cancelled' && !json) context.err.write(`Build ${id} is cancelled.\n`);
      else if (json) await reportBuild(build, context, true);
      else context.err.write(`Build ${id} had already ended: ${build.state}.\n`);
    });
}
