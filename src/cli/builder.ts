import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { BuilderStatusReply } from '../http/schemas.ts';
import type { ApiClient } from './api-client.ts';
import { type Context, makeContext } from './context.ts';
import { describeStep } from './describe-progress.ts';
import { formatBytes, formatTable } from './format.ts';
import { liveLine } from './progress-line.ts';

const pollMs = 500;
const underWay: readonly BuilderStatusReply['state'][] = ['preparing', 'starting', 'stopping'];

export function builderCommand(program: Command): void {
  const builder = program
    .command('builder')
    .description('Start, stop or look at the machine that builds.')
    .addHelpText(
      'after',
      `
Examples:
  nexus builder status     which builder there is, and how large it is
  nexus builder image      make the builder ISO now: the longest wait, once
  nexus builder start      boot it before the first build asks for it
  nexus builder stop       power it down; the next build boots it again`,
    );
  const json = ['--json', 'print the status as JSON'] as const;
  builder
    .command('start')
    .description('Make the builder ready now, not with the first build.')
    .option(...json)
    .action((flags: { json?: true }) => waitFor((client) => client.startBuilder(), flags.json === true));
  builder
    .command('image')
    .description('Make the builder ISO and pull the images now, not with the first start.')
    .option(...json)
    .action((flags: { json?: true }) => waitFor((client) => client.prepareBuilder(), flags.json === true));
  builder
    .command('stop')
    .description('Cancel what runs, then power the builder down.')
    .option(...json)
    .action(async (flags: { json?: true }) => {
      const context = makeContext();
      const client = await context.client();
      context.err.write('Stopping the builder…\n');
      print(await client.stopBuilder(), context, flags.json === true);
    });
  builder
    .command('status')
    .description('Say what the builder does and what machine it is.')
    .option(...json)
    .action(async (flags: { json?: true }) => {
      const context = makeContext();
      print(await (await context.client()).builder(), context, flags.json === true);
    });
}

/** Asks for something that takes a while, and shows its steps until it is done. */
async function waitFor(
  ask: (client: ApiClient) => Promise<BuilderStatusReply>,
  json: boolean,
): Promise<void> {
  const context = makeContext();
  const client = await context.client();
  let status = await ask(client);
  {
    using line = await liveLine(context.err);
    while (underWay.includes(status.state)) {
      const { step } = status;
      if (step) line.show(describeStep(`${step.step} of ${step.of}: ${step.description}`, step.detail));
      await sleep(pollMs);
      status = await client.builder();
    }
  }
  print(status, context, json);
  if (status.error) process.exitCode = 1;
}

function print(status: BuilderStatusReply, { out }: Context, json: boolean): void {
  out.write(json ? `${JSON.stringify(status, null, 2)}\n` : `${describe(status)}\n`);
}

function describe({ kind, state, step, machine, error, unreachableSince }: BuilderStatusReply): string {
  const lines = [
    ['builder', kind ?? 'not chosen yet'],
    ['state', step ? `${state}: ${step.step} of ${step.of}, ${step.description}` : state],
    ...(unreachableSince ? [['does not answer since', unreachableSince]] : []),
    ...(machine
      ? [
          [
            'machine',
            `${machine.system}, ${machine.cores} cores, ${formatBytes(machine.memory)}, KVM ${machine.kvm ? 'usable' : 'not usable'}`,
          ],
          ['nix', machine.nix ?? 'none'],
          ['disk free', formatBytes(machine.diskFree)],
        ]
      : []),
    ...(error ? [['error', `${error.code}: ${error.message}`]] : []),
    ...(error?.hint ? [['hint', error.hint]] : []),
  ];
  return formatTable(lines);
}
