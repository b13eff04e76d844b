import type { Command } from 'commander';
import type { Build } from '../builds/build.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { makeContext } from './context.ts';
import { detachedStatus, followBuild } from './follow-build.ts';
import { formatDuration, formatTable } from './format.ts';
import { reportBuild } from './report-build.ts';

const idArgument = ['[id]', 'id of the build (default: the newest)'] as const;

/** The commands that look at builds: list, show, logs, cancel. */
export function buildsCommands(program: Command): void {
  listCommand(program);
  showCommand(program);
  logsCommand(program);
  cancelCommand(program);
}

/** The id that was given, or that of the newest build. */
export async function idOrNewest(client: ApiClient, id: string | undefined): Promise<string> {
  if (id !== undefined) return id;
  const newest = (await client.list(1))[0];
  if (newest) return newest.id;
  throw new NexusError('not-found', 'There are no builds yet', { hint: 'nexus build PATH makes one.' });
}

function listCommand(program: Command): void {
  program
    .command('list')
    .description('List all builds, newest first.')
    .option('--json', 'print them as JSON')
    .action(async ({ json }: { json?: true }) => {
      const { client, out, err } = makeContext();
      const builds = await (await client()).list();
      if (json) out.write(`${JSON.stringify(builds, null, 2)}\n`);
      else if (builds.length === 0) err.write('There are no builds yet.\n');
      else out.write(`${formatTable([['ID', 'NAME', 'STATE', 'TOOK', 'ARTIFACTS'], ...builds.map(row)])}\n`);
    });
}

function row(build: Build): string[] {
  const { id, request, state, startedAt, finishedAt, artifacts } = build;
  const took = startedAt
    ? formatDuration(Date.parse(finishedAt ?? new Date().toISOString()) - Date.parse(startedAt))
    : '';
  return [id, request.name, state, took, artifacts.map(({ name }) => name).join(', ')];
}

function showCommand(program: Command): void {
  program
    .command('show')
    .description('Show one build: its state, its artifacts, and why it failed.')
    .argument(...idArgument)
    .option('--json', 'print it as JSON')
    .action(async (id: string | undefined, { json }: { json?: true }) => {
      const { client, out } = makeContext();
      const api = await client();
      const build = await api.show(await idOrNewest(api, id));
      out.write(json ? `${JSON.stringify(build, null, 2)}\n` : `${describe(build)}\n`);
    });
}

function describe(build: Build): string {
  const { request, artifacts, error, retrieve } = build;
  const lines = [
    ['build', build.id],
    ['name', request.name],
    ['kind', 'variants' in request ? `${request.kind} (${request.variants.join(', ')})` : request.kind],
    ['state', build.phase ? `${build.state}: ${build.phase}` : build.state],
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

function logsCommand(program: Command): void {
  program
    .command('logs')
    .description('Print the output of a build, and what it still prints until it ends.')
    .argument(...idArgument)
    .option('--no-follow', 'print what is there now and stop')
    .action(async (given: string | undefined, { follow }: { follow: boolean }) => {
      const context = makeContext();
      const client = await context.client();
      const id = await idOrNewest(client, given);
      if (follow) {
        const build = await followBuild(client, id, context, { log: context.out });
        if (!build) process.exitCode = detachedStatus;
      } else for await (const chunk of client.log(id, false)) context.out.write(chunk);
    });
}

function cancelCommand(program: Command): void {
  program
    .command('cancel')
    .description('End a build; a finished one stays as it is.')
    .argument('<id>', 'id of the build')
    .option('--json', 'print it as JSON')
    .action(async (id: string, { json }: { json?: true }) => {
      const context = makeContext();
      const build = await (await context.client()).cancel(id);
      if (build.state === 'cancelled' && !json) context.err.write(`Build ${id} is cancelled.\n`);
      else if (json) await reportBuild(build, context, true);
      else context.err.write(`Build ${id} had already ended: ${build.state}.\n`);
    });
}
