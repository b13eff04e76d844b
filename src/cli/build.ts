import { type Command, Option } from 'commander';
import type { BuildRequest } from '../builds/request.ts';
import type { Config } from '../config.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { type Context, makeContext } from './context.ts';
import { detachedStatus, followBuild } from './follow-build.ts';
import { packSource } from './pack-source.ts';
import { reportBuild } from './report-build.ts';
import { type ResolvedSource, resolveSource } from './resolve-source.ts';

interface BuildFlags {
  variant?: string;
  attr?: string;
  nixpkgs?: string;
  system?: string;
  name?: string;
  builder?: Config['builder'];
  detach?: true;
  verbose?: true;
  json?: true;
}

export function buildCommand(program: Command): void {
  program
    .command('build')
    .summary('build an image of a NixOS configuration, or a Nix file')
    .description('Build an image of a NixOS configuration, or a Nix file as it is, and wait for it.')
    .argument('[path]', 'a configuration.nix, a Nix file, or a folder with one', '.')
    .option('--variant <name>', 'image format (default for a configuration.nix: iso)')
    .option('--attr <path>', 'attribute of the Nix file to build')
    .option('--nixpkgs <where>', 'channel, revision, or path on the builder')
    .option('--system <system>', 'system of the image, such as x86_64-linux (default: the builder’s)')
    .option('--name <name>', 'name of the result folder (default: made of the path)')
    .addOption(builderOption())
    .option('-d, --detach', 'submit and print the id, do not wait')
    .option('-v, --verbose', 'show the output of the build as well')
    .option('--json', 'print the finished build as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus build examples/hello-iso                 an ISO of the configuration.nix in that folder
  nexus build host.nix --variant iso --nixpkgs nixos-unstable
  nexus build default.nix --attr packages.image  an attribute of a Nix file, as it is
  nexus build -d . && nexus logs                 submit, then look at the output

Exit status: 0 built, 1 failed or cancelled, 2 wrong usage or source, 130 detached by Ctrl-C.`,
    )
    .action(async (path: string, flags: BuildFlags) => {
      const context = makeContext(flags.builder && { builder: flags.builder });
      const source = await resolveSource(path, { variant: flags.variant, attribute: flags.attr });
      const client = await context.client();
      await checkBuilder(client, flags.builder);
      const id = await client.uploadSource(await packSource(source.folder, source.only));
      process.exitCode = await submitAndFollow(client, requestOf(source, id, flags), context, flags);
    });
}

export function builderOption(): Option {
  return new Option('--builder <kind>', 'where to build').choices(['auto', 'docker-vm', 'this-machine']);
}

export async function submitAndFollow(
  client: ApiClient,
  request: BuildRequest,
  context: Context,
  flags: Pick<BuildFlags, 'detach' | 'verbose' | 'json'>,
): Promise<number> {
  const { id } = await client.submit(request);
  if (flags.detach) {
    context.out.write(`${id}\n`);
    context.err.write(`To see it: nexus show ${id}   its output: nexus logs ${id}\n`);
    return 0;
  }
  context.err.write(`Build ${id}\n`);
  const build = await followBuild(client, id, context, { log: flags.verbose && context.err });
  return build ? reportBuild(build, context, flags.json === true) : detachedStatus;
}

function requestOf({ what, name }: ResolvedSource, source: string, flags: BuildFlags): BuildRequest {
  const common = { name: flags.name ?? name, source, ...(flags.nixpkgs && { nixpkgs: flags.nixpkgs }) };
  if (what.kind === 'image') return { ...common, ...what, ...(flags.system && { system: flags.system }) };
  return { ...common, ...what, ...(flags.attr && { attribute: flags.attr }) };
}

/** The kind of builder is a matter of the orchestrator; one that already runs has its own. */
async function checkBuilder(client: ApiClient, wanted: Config['builder'] | undefined): Promise<void> {
  if (wanted === undefined || wanted === 'auto') return;
  const { kind } = await client.builder();
  if (kind === null || kind === wanted) return;
  throw new NexusError('usage', `The orchestrator at ${client.url} builds on ${kind}, not on ${wanted}`, {
    hint: 'Leave --builder out, or stop that orchestrator: nexus serve --stop',
  });
}
