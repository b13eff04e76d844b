import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import { starterConfiguration } from './starter-configuration.ts';

const fileName = 'configuration.nix';

export function initCommand(program: Command): void {
  program
    .command('init')
    .description(
      'Write a commented configuration.nix to start from. A file that is there is never overwritten.',
    )
    .argument('[folder]', 'where to put it; made when it does not exist', '.')
    .option('--hostname <name>', 'name of the machine', 'nexus')
    .addHelpText(
      'after',
      `
Examples:
  nexus init && nexus build          an ISO of the configuration in this folder
  nexus init server --hostname web   in a new folder
  nexus build server --variant qemu-efi`,
    )
    .action(async (folder: string, { hostname }: { hostname: string }) => {
      const path = join(folder, fileName);
      await writeNew(folder, path, starterConfiguration(checked(hostname)));
      process.stdout.write(`${path}\n`);
      process.stderr.write(`Edit it, then: nexus build${folder === '.' ? '' : ` ${folder}`}\n`);
    });
}

/** As NixOS itself demands of networking.hostName. */
function checked(hostname: string): string {
  if (/^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/.test(hostname)) return hostname;
  throw new NexusError('usage', `“${hostname}” cannot be the name of a machine`, {
    hint: 'It may have letters, digits and hyphens, and begins and ends with a letter or digit.',
  });
}

async function writeNew(folder: string, path: string, text: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') {
      throw new NexusError('usage', `${path} exists already, and stays as it is`, {
        hint: `Build it with nexus build${folder === '.' ? '' : ` ${folder}`}, or give another folder.`,
        cause: error,
      });
    }
    throw new NexusError('usage', `${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}
