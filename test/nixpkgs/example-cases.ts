import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { starterConfiguration } from '../../src/cli/starter-configuration.ts';
import type { Case } from './case.ts';
import type { Nix } from './nix.ts';
import { shownOutcome, tryCommand } from './try-command.ts';

const usual = 'x86_64-linux';
const examples = join(import.meta.dirname, '../../examples');

/**
 * Each `nexus build` that an example names in its comments, as a person would type it: on an x86_64 builder, and where
 * it asks for another system, on a builder of that one too.
 */
export async function exampleCases(nix: Nix): Promise<Case[]> {
  const names = (await readdir(examples, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const commands = await Promise.all(names.map(({ name }) => commandsOf(join(examples, name))));
  return [...commands.flat(), ...(await starterCommands())].flatMap((command) => {
    const native = /--system (\S+)/.exec(command)?.[1] ?? usual;
    return [...new Set([usual, native])].map((system) => exampleCase(nix, command, { system, native }));
  });
}

/** What `nexus init` writes, built as its own comments say. */
async function starterCommands(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'nexus-starter-'));
  await writeFile(join(folder, 'configuration.nix'), starterConfiguration('nexus'));
  return [`nexus build ${folder}`, `nexus build ${folder} --variant qemu-efi --disk-size 20G`];
}

interface Builder {
  system: string;
  /** The system on which the command has to work. */
  native: string;
}

function exampleCase(nix: Nix, command: string, { system, native }: Builder): Case {
  return {
    what: command,
    system,
    async evaluate() {
      const outcome = shownOutcome(await tryCommand(nix, command.split(/\s+/).slice(1), system));
      if (outcome.result === 'refused' && system === native) throw new Error(outcome.detail);
      return outcome;
    },
  };
}

/** @throws an example that does not say how it is built. */
async function commandsOf(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.nix'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const commands = texts.flatMap((text) =>
    [...text.matchAll(/^#\s+(nexus build \S.*?)(?:\s{2,}.*)?$/gm)].map(([, command = '']) => command),
  );
  if (commands.length === 0) throw new Error(`${folder} does not say how it is built`);
  return commands;
}
