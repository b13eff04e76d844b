import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { z } from 'zod';
import type { VmConfig } from '../../config.ts';
import { NexusError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { nixpkgsLocation } from '../../nixpkgs.ts';
import type { DataPaths } from '../../paths.ts';
import { abortable } from '../../transport/signals.ts';
import { writeFileAtomically } from '../../write-file-atomically.ts';
import { archive } from './archive.ts';
import { bootFile, type ProvideBootMedium } from './boot-medium.ts';
import type { Container, Engine } from './engine.ts';
import { type FolderFile, filesBelow, hashFiles } from './folder-hash.ts';
import { NixProgress } from './nix-progress.ts';
import { ownerLabel } from './vm-container.ts';

export interface MakeBootMediumOptions {
  vm: VmConfig;
  engine: Engine;
  /** Id of this installation. */
  owner: string;
  /** The folder `vm/` of the package. */
  source: string;
  paths: DataPaths;
  logger: Logger;
}

const madeFrom = z.object({ key: z.string() });

/**
 * Fills the volume with the /nix of the image, whose own programs live there: an older image's volume would hide
 * them. $1 is the image.
 */
const seedScript = `[ "$(cat /volume/.image 2>/dev/null)" = "$1" ] && exit
rm -rf /volume/* /volume/.image
cp -a /nix/. /volume/
printf %s "$1" > /volume/.image`;

/** Builds the expression in /source; $1 is where nixpkgs is. The result is copied, since /nix is a volume. */
const buildScript = `out=$(nix-build /source --no-out-link -I "nixpkgs=$1")
mkdir -p /out && cp -L "$out"/iso/*.iso /out/boot.iso`;

const lastLines = 25;

/**
 * The builder ISO, made from `vm/` in a container with Nix: on first use, and again only when `vm/`, its nixpkgs or
 * the image with Nix have changed. The Nix store of that container is a volume, so a second time is quick.
 */
export function madeBootMedium(options: MakeBootMediumOptions): ProvideBootMedium {
  return async (signal, say) => {
    const { engine, paths, source, vm, logger } = options;
    const files = await filesBelow(source);
    // The container builds for the machine it runs on.
    const inputs = [await hashFiles(files), vm.nixpkgs, vm.nixImage, await engine.architecture()];
    const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex');
    if (await isMade(paths, key)) return bootFile(paths.bootMedium);
    logger.info('Builder ISO is being made', { image: vm.nixImage, nixpkgs: vm.nixpkgs });
    const started = Date.now();
    await make(options, files, { signal, say });
    await writeFileAtomically(paths.bootMediumSource, JSON.stringify({ key }));
    logger.info('Builder ISO is made', { seconds: Math.round((Date.now() - started) / 1000) });
    return bootFile(paths.bootMedium);
  };
}

async function isMade(paths: DataPaths, key: string): Promise<boolean> {
  try {
    const made = madeFrom.parse(JSON.parse(await readFile(paths.bootMediumSource, 'utf8')));
    return made.key === key && (await stat(paths.bootMedium)).isFile();
  } catch {
    // Missing or damaged: made again, which is always right.
    return false;
  }
}

interface Running {
  signal: AbortSignal;
  say: (detail: string) => void;
}

async function make(options: MakeBootMediumOptions, files: readonly FolderFile[], { signal, say }: Running) {
  const { engine, vm, paths } = options;
  await engine.ensureImage(vm.nixImage, (detail) => say(`pulling ${vm.nixImage}: ${detail}`), signal);
  say('preparing the Nix store of the container');
  await inContainer(options, { target: '/volume', command: [seedScript, 'sh', vm.nixImage] }, (container) =>
    run(container, { signal, say }),
  );
  const command = [buildScript, 'sh', nixpkgsLocation(vm.nixpkgs)];
  say('evaluating');
  await inContainer(options, { target: '/nix', command }, async (container) => {
    await container.unpack(archive(files.map(entryOf)));
    await run(container, { signal, say });
    await takeOut(container, paths.bootMedium, signal);
  });
}

/** A container of the image with Nix, with the volume at `target`; it is removed whatever happens. */
async function inContainer(
  { engine, vm, owner }: MakeBootMediumOptions,
  { target, command }: { target: string; command: readonly string[] },
  work: (container: Container) => Promise<void>,
): Promise<void> {
  const container = await engine.create({
    Image: vm.nixImage,
    Labels: { [ownerLabel]: owner },
    Entrypoint: ['sh', '-euc'],
    Cmd: [...command],
    HostConfig: { Mounts: [{ Type: 'volume', Source: vm.nixCache, Target: target, ReadOnly: false }] },
  });
  try {
    await work(container);
  } finally {
    await container.remove();
  }
}

function entryOf({ name, path, executable }: FolderFile) {
  return { name: `source/${name}`, mode: executable ? 0o755 : 0o644, content: { file: path } };
}

async function run(container: Container, { signal, say }: Running): Promise<void> {
  const progress = new NixProgress();
  await container.start();
  const log = container.followLog((text) => {
    const state = progress.read(text);
    if (state) say(state);
  }, signal);
  const status = await abortable(container.wait(), signal);
  await log;
  if (status === 0) return;
  const said = (await container.logTail(lastLines)).trim();
  throw new NexusError(
    'boot-medium-failed',
    `Making the builder ISO failed with status ${status}:\n${said}`,
    {
      hint: 'It needs the internet on first use. NEXUS_VM_BOOT may name a builder ISO you already have.',
    },
  );
}

/** Copies /out/boot.iso out of the container: under a temporary name until it is whole. */
async function takeOut(container: Container, target: string, signal: AbortSignal): Promise<void> {
  const temporary = `${target}.part`;
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const reader = extract();
  const feeding = pipeline((await container.pack('/out/boot.iso')) as Readable, reader, { signal });
  feeding.catch((error) => reader.destroy(error));
  try {
    for await (const entry of reader) {
      if (basename(entry.header.name) === 'boot.iso') {
        await pipeline(entry, createWriteStream(temporary, { mode: 0o600, flush: true }), { signal });
      } else entry.resume();
    }
    await feeding;
    await rename(temporary, target);
  } finally {
    await rm(temporary, { force: true });
  }
}
