import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { type Firmware, firmwares } from '../builds/boot-records.ts';
import { NexusError } from '../errors.ts';
import { BootClient } from './boot-client.ts';
import { memory, seconds } from './boot-flags.ts';
import { idOrNewest } from './builds.ts';
import { type Context, makeContext } from './context.ts';
import { followBootCheck } from './follow-boot-check.ts';
import { formatTable } from './format.ts';
import { talkSerial } from './talk-serial.ts';

interface BootFlags {
  artifact?: string;
  firmware?: Firmware;
  memory?: number;
  detach?: true;
  list?: true;
  end?: string;
  screenshot?: string;
}

interface CheckFlags {
  pattern?: string;
  limit?: number;
  serial?: true;
  screenshot?: string;
  json?: true;
}

const idArgument = ['[id]', 'id of the build (default: the newest)'] as const;

export function bootCommands(program: Command): void {
  bootCommand(program);
  checkBootCommand(program);
}

export function bootCommand(program: Command): void {
  program
    .command('boot')
    .summary('boot an image and talk to it')
    .description(
      'Boot an image in a virtual machine and connect this terminal to its serial console. ' +
        'The image stays as it is: what the machine writes is forgotten.',
    )
    .argument(...idArgument)
    .option('--artifact <name>', 'which image, when the build has several')
    .addOption(
      new Option('--firmware <kind>', 'how to boot it (default: as the image says)').choices(firmwares),
    )
    .option('--memory <size>', 'memory of the machine (default: 2G)', memory)
    .option('-d, --detach', 'leave it running and print its id; it is ended with the orchestrator')
    .option('--list', 'show the machines that run')
    .option('--end <boot>', 'end a machine that runs')
    .option('--screenshot <file>', 'with the id of a machine: write its screen to a PNG file')
    .addHelpText(
      'after',
      `
Ctrl-] ends the machine. An image without a console on the serial line shows nothing here: see its
screen on the dashboard, or with --detach and --screenshot.

Examples:
  nexus boot                                    the newest build
  nexus boot 20261121-101500-3f2a --firmware bios
  nexus boot --detach; nexus boot 1a2b3c4d --screenshot screen.png; nexus boot --end 1a2b3c4d`,
    )
    .action(async (given: string | undefined, flags: BootFlags) => {
      const context = makeContext();
      const api = await context.client();
      const client = new BootClient(api);
      if (flags.list) await list(client, context);
      else if (flags.end !== undefined) await client.endBoot(flags.end);
      else if (flags.screenshot !== undefined) await screenshot(client, given, flags.screenshot);
      else await boot(client, await idOrNewest(api, given), context, flags);
    });
}

async function list(client: BootClient, { out, err }: Context): Promise<void> {
  const boots = await client.boots();
  if (boots.length === 0) {
    err.write('No image runs.\n');
    return;
  }
  const rows = boots.map((boot) => [boot.id, boot.build, boot.artifact, boot.firmware, boot.ended ?? 'runs']);
  out.write(`${formatTable([['BOOT', 'BUILD', 'IMAGE', 'FIRMWARE', 'STATE'], ...rows])}\n`);
}

async function screenshot(client: BootClient, id: string | undefined, file: string): Promise<void> {
  if (id === undefined)
    throw new NexusError('usage', '--screenshot needs the id of a machine: nexus boot --list');
  await pipeline(Readable.from(client.bootScreenshot(id)), createWriteStream(file));
}

async function boot(client: BootClient, id: string, { out, err }: Context, flags: BootFlags): Promise<void> {
  const { artifact, firmware, memory } = flags;
  const machine = await client.boot(id, {
    ...(artifact !== undefined && { artifact }),
    ...(firmware && { firmware }),
    ...(memory !== undefined && { memory }),
  });
  err.write(`Booting ${machine.artifact} by ${machine.firmware === 'uefi' ? 'UEFI' : 'BIOS'}.\n`);
  if (flags.detach) {
    out.write(`${machine.id}\n`);
    return;
  }
  err.write('Ctrl-] ends the machine.\n');
  try {
    const serial = await client.serial(machine.id);
    // On a terminal Ctrl-C is typed like any other key.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => serial.destroy());
    await talkSerial(serial, process.stdin, out);
  } finally {
    await client.endBoot(machine.id);
    err.write('\nThe machine has ended.\n');
  }
}

export function checkBootCommand(program: Command): void {
  program
    .command('check-boot')
    .summary('see whether an image boots')
    .description('Boot a throw-away copy of an image, wait until it is up, and say whether it came up.')
    .argument(...idArgument)
    .option('--pattern <regex>', 'what its serial console must print (default: a login prompt)')
    .option('--limit <time>', 'how long it may take (default: 10m)', seconds)
    .option('--serial', 'print what the last check has seen on the serial console')
    .option('--screenshot <file>', 'write the screen of the last check to a PNG file')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Exit status: 0 it came up, 1 it did not or nobody can tell.

Examples:
  nexus check-boot --pattern 'Reached target.*Multi-User'
  nexus check-boot 20261121-101500-3f2a --screenshot screen.png`,
    )
    .action(async (given: string | undefined, flags: CheckFlags) => {
      const context = makeContext();
      const api = await context.client();
      const client = new BootClient(api);
      const id = await idOrNewest(api, given);
      if (flags.serial || flags.screenshot !== undefined) {
        if (flags.serial)
          await pipeline(Readable.from(client.bootFile(id, 'serial')), context.out, { end: false });
        if (flags.screenshot !== undefined)
          await pipeline(
            Readable.from(client.bootFile(id, 'screenshot')),
            createWriteStream(flags.screenshot),
          );
        return;
      }
      const { pattern, limit } = flags;
      await client.checkBoot(id, {
        ...(pattern !== undefined && { pattern }),
        ...(limit !== undefined && { limit }),
      });
      process.exitCode = await followBootCheck(api, id, context);
      if (flags.json) context.out.write(`${JSON.stringify(await client.bootCheck(id), null, 2)}\n`);
    });
}
