import type { Command } from 'commander';
import type { Build } from '../builds/build.ts';
import { formatDuration, formatTable } from './format.ts';
import { quickList } from './quick-list.ts';

export function listCommand(program: Command): void {
  program
    .command('list')
    .description('List all builds, newest first.')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus list
  nexus list --json | jq -r '.[] | select(.state == "failed") | .id'`,
    )
    .action(async ({ json }: { json?: true }) => {
      const { stdout: out, stderr: err } = process;
      const builds = await allBuilds();
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

/** The long way reads all the settings and schemas, says what is wrong, and starts an orchestrator if need be. */
async function allBuilds(): Promise<Build[]> {
  const builds = await quickList();
  if (builds) return builds;
  const { makeContext } = await import('./context.ts');
  return (await makeContext().client()).list();
}
