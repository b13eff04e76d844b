import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { Artifact } from '../builds/build.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { idOrNewest } from './builds.ts';
import { makeContext } from './context.ts';
import { formatBytes } from './format.ts';
import { liveLine, type ProgressLine } from './progress-line.ts';

export function fetchCommand(program: Command): void {
  program
    .command('fetch')
    .description('Download the artifacts of a build, checked against their sha256.')
    .argument('[id]', 'id of the build (default: the newest)')
    .option('-o, --output <folder>', 'where to put them', '.')
    .addHelpText(
      'after',
      `
Examples:
  nexus fetch                          of the newest build, into this folder
  nexus fetch 20260911-101500-3f2a -o images

A file that does not have its sha256 is an error, and is not left behind.`,
    )
    .action(async (given: string | undefined, { output }: { output: string }) => {
      const { client, out, err } = makeContext();
      const api = await client();
      const build = await api.show(await idOrNewest(api, given));
      if (build.artifacts.length === 0) {
        throw new NexusError('not-found', `Build ${build.id} has no artifacts; it is ${build.state}`);
      }
      await mkdir(output, { recursive: true });
      using line = await liveLine(err);
      for (const artifact of build.artifacts) {
        const target = join(output, artifact.name);
        await download(api, build.id, artifact, { target, line });
        out.write(`${target}\n`);
      }
    });
}

async function download(
  api: ApiClient,
  id: string,
  { name, bytes, sha256 }: Artifact,
  { target, line }: { target: string; line: ProgressLine },
): Promise<void> {
  const temporary = join(target, '..', `.${name}.${randomUUID()}`);
  const hash = createHash('sha256');
  let received = 0;
  const counted = async function* () {
    for await (const chunk of api.artifact(id, name)) {
      hash.update(chunk);
      received += chunk.length;
      line.show({ key: name, text: `${name}: ${formatBytes(received)} of ${formatBytes(bytes)}` });
      yield chunk;
    }
  };
  try {
    await pipeline(counted, createWriteStream(temporary, { flush: true }));
    const got = hash.digest('hex');
    if (got !== sha256) {
      throw new NexusError('transfer-damaged', `${name} should have sha256 ${sha256}, but ${got} arrived`);
    }
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}
