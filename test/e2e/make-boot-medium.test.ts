import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { Engine } from '../../src/builders/docker-vm/engine.ts';
import { madeBootMedium } from '../../src/builders/docker-vm/make-boot-medium.ts';
import { readConfig } from '../../src/config.ts';
import { NexusError } from '../../src/errors.ts';
import { makeLogger } from '../../src/log.ts';
import { dataPaths } from '../../src/paths.ts';
import { fixtures, repository } from './compose-project.ts';
import { requireEndToEnd } from './requirements.ts';

const forever = new AbortController().signal;

/** A copy of vm/, a data folder and a volume of their own. */
async function workbench() {
  const folder = await mkdtemp(join(tmpdir(), 'nexus-medium-'));
  const volume = basename(folder);
  const source = join(folder, 'vm');
  await cp(join(repository, 'vm'), source, { recursive: true });
  const paths = dataPaths(join(folder, 'data'));
  await mkdir(paths.root);
  const said: string[] = [];
  const provide = (settings: Record<string, string> = {}) => {
    const { vm } = readConfig({
      NEXUS_VM_NIX_IMAGE: 'nexus-test/nix',
      NEXUS_VM_NIXPKGS: '/usr/share/nexus-test/nixpkgs',
      NEXUS_VM_NIX_CACHE: volume,
      ...settings,
    });
    const options = { vm, engine: new Engine(), owner: volume, source, paths, logger: makeLogger('error') };
    return madeBootMedium(options)(forever, (detail) => said.push(detail));
  };
  return {
    ...{ source, paths, said, provide },
    async containers() {
      const { stdout } = await execa('docker', [
        'ps',
        '-aq',
        '--filter',
        `label=io.nexus-builder.installation=${volume}`,
      ]);
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      await execa('docker', ['volume', 'rm', '-f', volume]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('making the builder ISO', function () {
  this.timeout(5 * 60_000);

  before(async function () {
    await requireEndToEnd(this);
    await execa(join(fixtures, 'build.sh'), ['nix-image'], { stderr: 'inherit' });
  });

  it('is done once, and again when vm/ has changed, with the store of the first time', async () => {
    await using bench = await workbench();
    const medium = await bench.provide();
    assert.ok('file' in medium && medium.name === 'boot.iso');
    assert.ok((await stat(medium.file)).size > 100_000_000);
    assert.ok(
      bench.said.some((text) => /of 1 derivations built/.test(text)),
      bench.said.join('\n'),
    );

    bench.said.splice(0);
    await bench.provide();
    assert.equal(bench.said.length, 0, bench.said.join('\n'));

    await appendFile(join(bench.source, 'configuration.nix'), '\n# changed\n');
    await bench.provide();
    assert.ok(bench.said.includes('evaluating'));
    // The stand-in's derivation does not depend on the configuration, so the volume still has its output.
    assert.ok(!bench.said.some((text) => /derivations built/.test(text)), bench.said.join('\n'));
    assert.equal(await bench.containers(), '');
  });

  it('shows the last lines of Nix when it fails, and leaves neither a container nor half a file', async () => {
    await using bench = await workbench();
    await assert.rejects(bench.provide({ NEXUS_VM_NIXPKGS: '/nowhere' }), (error: unknown) => {
      assert.ok(error instanceof NexusError);
      assert.equal(error.code, 'boot-medium-failed');
      assert.match(error.message, /nowhere/);
      return true;
    });
    assert.equal(await bench.containers(), '');
    assert.deepEqual(await readdir(bench.paths.root), []);
  });
});
