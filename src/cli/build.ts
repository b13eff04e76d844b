import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BootCheckOptions } from '../builds/boot-check-request.ts';
import { type BuildRequest, conversions } from '../builds/request.ts';
import { resolveVariant } from '../builds/variants.ts';
import type { Config } from '../config.ts';
import { NexusError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { seconds } from './boot-flags.ts';
import { checkBuilder } from './check-builder.ts';
import { type Context, makeContext } from './context.ts';
import { addLimitOptions, type LimitFlags, limitsOf } from './limit-options.ts';
import { resolveNixpkgs } from './nixpkgs-of-lock.ts';
import { notesOnFlake } from './notes-on-flake.ts';
import { packSource } from './pack-source.ts';
import { provideSource } from './provide-source.ts';
import { type ResolvedSource, resolveSource } from './resolve-source.ts';
import { submitAndFollow } from './submit.ts';

interface BuildFlags extends LimitFlags {
  variant: string[];
  attr?: string;
  nixpkgs?: string;
  system?: string;
  diskSize?: number;
  imageName?: string;
  module: string[];
  convert?: (typeof conversions)[number];
  checkBoot?: true;
  bootPattern?: string;
  bootLimit?: number;
  name?: string;
  builder?: Config['builder'];
  priority?: number;
  rebuild?: true;
  detach?: true;
  verbose?: true;
  json?: true;
}

const examples = `
Examples:
  nexus build examples/hello-iso                   an ISO of the configuration.nix in that folder
  nexus build host.nix --variant qemu-efi --disk-size 20G
  nexus build . --variant iso --variant vmware     two images of one configuration
  nexus build .#server --variant amazon            of nixosConfigurations.server in a flake
  nexus build github:owner/repository#image        any attribute of a flake
  nexus build default.nix --attr packages.image    any attribute of a Nix file
  nexus build . --variant qemu --check-boot        and see whether it comes up

Exit status: 0 built, 1 failed or cancelled, 2 wrong usage or source, 130 detached by Ctrl-C.`;

export function buildCommand(program: Command): void {
  const command = program
    .command('build')
    .summary('build images of a NixOS configuration, a flake, or a Nix file')
    .description(
      'Build images of a NixOS configuration, or whatever a flake or Nix file describes, and wait for them.',
    )
    .argument('[path]', 'a configuration.nix, a Nix file, a folder with one, or a flake reference', '.')
    .option(
      '--variant <name>',
      'image format, see nexus variants; may be repeated (default: iso)',
      collect,
      [],
    )
    .option('--attr <path>', 'attribute of the Nix file or flake to build')
    .option('--nixpkgs <where>', 'channel, revision, path on the builder, or a flake.lock here')
    .option('--system <system>', 'system of the image, such as aarch64-linux (default: the builder’s)')
    .option('--disk-size <size>', 'size of the image’s disk, such as 20G', sizeInMebibytes)
    .option('--image-name <name>', 'file name of the image, without its ending')
    .option('--module <file>', 'a further NixOS module; may be repeated', collect, [])
    .addOption(new Option('--convert <format>', 'convert the disk with qemu-img').choices(conversions))
    .option('--check-boot', 'boot a throw-away copy of the image and say whether it came up')
    .option('--boot-pattern <regex>', 'what its serial console must print (default: a login prompt)')
    .option('--boot-limit <time>', 'how long its boot may take (default: 10m)', seconds)
    .option('--name <name>', 'name of the result folder (default: made of the path)')
    .addOption(builderOption())
    .addOption(priorityOption())
    .option('--rebuild', 'build anew although the artifacts of the same request are still here');
  addLimitOptions(command)
    .option('-d, --detach', 'submit and print the id, do not wait')
    .option('-v, --verbose', 'show the output of the build as well')
    .option('--json', 'print the finished build as JSON')
    .addHelpText('after', examples)
    .action(async (path: string, flags: BuildFlags) => {
      const context = makeContext(flags.builder && { builder: flags.builder });
      const variants = flags.variant.map(resolveVariant);
      const source = await resolveSource(path, { wantsImage: variants.length > 0, attribute: flags.attr });
      checkFlags(source, flags);
      await sayNotes(source, context);
      const client = await context.client();
      await checkBuilder(client, flags.builder);
      const request = await uploadAndDescribe(client, source, { ...flags, variant: variants });
      process.exitCode = await submitAndFollow(client, request, context, flags);
    });
}

export function builderOption(): Option {
  return new Option('--builder <kind>', 'where to build').choices(['auto', 'docker-vm', 'this-machine']);
}

export function priorityOption(): Option {
  return new Option('--priority <number>', 'from -10 to 10: the higher the sooner (default: 0)').argParser(
    priority,
  );
}

function priority(text: string): number {
  if (!/^-?[0-9]+$/.test(text) || Math.abs(Number(text)) > 10)
    throw new InvalidArgumentError('It must be a whole number from -10 to 10.');
  return Number(text);
}

async function uploadAndDescribe(
  client: ApiClient,
  resolved: ResolvedSource,
  flags: BuildFlags,
): Promise<BuildRequest> {
  const { folder, only, what } = resolved;
  const needsUpload = folder !== undefined || flags.module.length > 0;
  const packed = needsUpload ? await packSource({ folder, only, extras: flags.module }) : undefined;
  const source = packed && (await provideSource(client, packed));
  const name = flags.name ?? resolved.name;
  const nixpkgs = flags.nixpkgs === undefined ? undefined : await resolveNixpkgs(flags.nixpkgs);
  const bootCheck = bootCheckOf(flags);
  const common = {
    ...{ name, ...limitsOf(flags) },
    ...(flags.convert && { convert: flags.convert }),
    ...(flags.priority !== undefined && { priority: flags.priority }),
    ...(flags.rebuild && { rebuild: true }),
    ...(bootCheck && { bootCheck }),
  };
  const image = {
    ...common,
    variants: flags.variant.length > 0 ? flags.variant : ['iso'],
    modules: packed?.extras ?? [],
    ...(flags.system && { system: flags.system }),
    ...(flags.diskSize !== undefined && { diskSize: flags.diskSize }),
    ...(flags.imageName && { imageName: flags.imageName }),
  };
  switch (what.kind) {
    case 'image':
      return { ...image, ...what, source: uploaded(source), ...(nixpkgs && { nixpkgs }) };
    case 'flake-image':
      return { ...image, ...what, ...(source && { source }) };
    case 'nix':
      return {
        ...{ ...common, ...what, source: uploaded(source) },
        ...(nixpkgs && { nixpkgs }),
        ...(flags.attr && { attribute: flags.attr }),
      };
    case 'flake':
      return { ...common, ...what, ...(source && { source }) };
  }
}

/** Whoever says what the boot must print wants it booted. */
function bootCheckOf({ checkBoot, bootPattern, bootLimit }: BuildFlags): BootCheckOptions | undefined {
  if (!checkBoot && bootPattern === undefined && bootLimit === undefined) return undefined;
  return {
    ...(bootPattern !== undefined && { pattern: bootPattern }),
    ...(bootLimit !== undefined && { limit: bootLimit }),
  };
}

function uploaded(source: string | undefined): string {
  if (source === undefined) throw new Error('unreachable: a folder is always uploaded');
  return source;
}

async function sayNotes({ folder, what }: ResolvedSource, { err }: Context): Promise<void> {
  if (folder === undefined || (what.kind !== 'flake' && what.kind !== 'flake-image')) return;
  for (const note of await notesOnFlake(folder)) err.write(`Note: ${note}\n`);
}

/** A flag that would change nothing is a mistake. */
function checkFlags({ what }: ResolvedSource, flags: BuildFlags): void {
  const isImage = what.kind === 'image' || what.kind === 'flake-image';
  const isFlake = what.kind === 'flake' || what.kind === 'flake-image';
  const useless = [
    ...(isFlake && flags.nixpkgs !== undefined ? ['--nixpkgs'] : []),
    ...(!isImage && flags.system !== undefined ? ['--system'] : []),
    ...(!isImage && flags.diskSize !== undefined ? ['--disk-size'] : []),
    ...(!isImage && flags.imageName !== undefined ? ['--image-name'] : []),
    ...(!isImage && flags.module.length > 0 ? ['--module'] : []),
  ];
  if (useless.length === 0) return;
  const which = isFlake ? 'a flake, which brings its own nixpkgs' : 'a Nix file, which is built as it is';
  throw new NexusError('usage', `${useless.join(', ')} cannot be used with ${which}`, {
    hint: isImage ? 'Leave it out.' : 'With --variant an image of a configuration is built.',
  });
}

const collect = (value: string, before: string[]) => [...before, value];

const mebibytes: Readonly<Record<string, number>> = { M: 1, G: 1024, T: 1024 * 1024 };

function sizeInMebibytes(text: string): number {
  const [, number, unit = ''] = /^([1-9][0-9]*)([MGT])i?B?$/.exec(text) ?? [];
  const size = Number(number) * (mebibytes[unit] ?? Number.NaN);
  if (Number.isNaN(size))
    throw new InvalidArgumentError('It must be a whole number with M, G or T, such as 20G.');
  return size;
}
