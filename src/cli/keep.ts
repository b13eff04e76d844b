import type { Command } from 'commander';
import type { GcReport } from '../retention/gc-report.ts';
import { makeContext } from './context.ts';
import { formatBytes, formatTable } from './format.ts';

export const pinCommand = (program: Command) =>
  keepOrLet(program, 'pin', 'Keep a build whatever else is removed.');

export const unpinCommand = (program: Command) =>
  keepOrLet(program, 'unpin', 'Let a build be removed like any other.');

function keepOrLet(program: Command, name: 'pin' | 'unpin', description: string): void {
  program
    .command(name)
    .description(description)
    .argument('<id...>', 'ids of builds')
    .addHelpText(
      'after',
      `
Example:
  nexus ${name} 20260911-101500-3f2a`,
    )
    .action(async (ids: string[]) => {
      const { client, err } = makeContext();
      const api = await client();
      for (const id of ids) {
        await api.pin(id, name === 'pin');
        err.write(`Build ${id} is ${name === 'pin' ? 'pinned: nothing removes it' : 'no longer pinned'}.\n`);
      }
    });
}

export function deleteCommand(program: Command): void {
  program
    .command('delete')
    .summary('remove finished builds')
    .description(
      'Remove finished builds: their records and logs, and their artifacts when --artifacts says so.',
    )
    .argument('<id...>', 'ids of builds')
    .option('--artifacts', 'remove the folders of their artifacts too')
    .addHelpText(
      'after',
      `
Examples:
  nexus delete 20260911-101500-3f2a               its record and its log
  nexus delete --artifacts 20260911-101500-3f2a   its images too`,
    )
    .action(async (ids: string[], { artifacts = false }: { artifacts?: boolean }) => {
      const { client, err } = makeContext();
      const api = await client();
      for (const id of ids) {
        const { bytes } = await api.remove(id, artifacts);
        err.write(`Build ${id} is removed, which frees ${formatBytes(bytes)}.\n`);
      }
    });
}

export function gcCommand(program: Command): void {
  program
    .command('gc')
    .summary('remove what nobody needs')
    .description(
      'Remove what nobody needs: builds beyond what NEXUS_KEEP_* keeps, sources of no build, leftovers, and old build folders on the builder. The orchestrator does so by itself from time to time.',
    )
    .option('-n, --dry-run', 'say what would go, and remove nothing')
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus gc --dry-run   what would go, and why
  nexus gc`,
    )
    .action(async ({ dryRun = false, json }: { dryRun?: boolean; json?: true }) => {
      const { client, out, err } = makeContext();
      const report = await (await client()).gc(dryRun);
      if (json) out.write(`${JSON.stringify(report, null, 2)}\n`);
      else describe(report, out, err);
    });
}

function describe(
  { dryRun, items, bytes, notes }: GcReport,
  out: NodeJS.WriteStream,
  err: NodeJS.WriteStream,
) {
  const rows = items.map((item) => [item.kind, item.name, formatBytes(item.bytes), item.why]);
  if (rows.length > 0) out.write(`${formatTable([['WHAT', 'NAME', 'SIZE', 'WHY'], ...rows])}\n`);
  for (const note of notes) err.write(`Note: ${note}\n`);
  if (rows.length === 0) err.write('There is nothing to remove.\n');
  else err.write(`${dryRun ? 'Would free' : 'Freed'} ${formatBytes(bytes)}.\n`);
}
