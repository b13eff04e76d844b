import { type Command, InvalidArgumentError } from 'commander';
import type { Build } from '../builds/build.ts';
import { formatDuration, formatTable } from './format.ts';
import { quickList } from './quick-list.ts';

export function listCommand(program: Command): void {
  program
    .command('list')
    .description('List builds, newest first.')
    .option('--limit <number>', 'at most so many', wholeNumber, 100)
    .option('--all', 'all of them')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus list
  nexus list --json | jq -r '.[] | select(.state == "failed") | .id'`,
    )
    .action(async ({ json, all, limit }: { json?: true; all?: true; limit: number }) => {
      const { stdout: out, stderr: err } = process;
      const builds = await newestBuilds(all ? undefined : limit);
      if (json) out.write(`${JSON.stringify(builds, null, 2)}\n`);
      else if (builds.length === 0) err.write('There are no builds yet.\n');
      else out.write(`${formatTable([['ID', 'NAME', 'STATE', 'TOOK', 'ARTIFACTS'], ...builds.map(row)])}\n`);
      if (!all && builds.length === limit) err.write(`These are the newest ${limit}; --all lists all.\n`);
    });
}

function row(build: Build): string[] {
  const { id, request, state, startedAt, finishedAt, artifacts } = build;
  const took = startedAt
    ? formatDuration(Date.parse(finishedAt ?? new Date().toISOString()) - Date.parse(startedAt))
    : '';
  return [id, request.name, state, took, artifacts.map(({ name }) => name).join(', ')];
}

/** The long way reads all the settings and schemas, says what is wrong, and starts an orchestrator if need be. */
async function newestBuilds(limit: number | undefined): Promise<Build[]> {
  const builds = await quickList(limit);
  if (builds) return builds;
  const { makeContext } = await import('./context.ts');
  return (await makeContext().client()).list(limit);
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
