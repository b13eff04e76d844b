import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { planBuild } from '../../../src/builds/plan.ts';
import { type BuildRequest, parseRequest } from '../../../src/builds/request.ts';
import { renderScript } from '../../../src/builds/script.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing } from '../../fixtures/orchestrator.ts';
import { Stage } from '../../fixtures/stage.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

const run = promisify(execFile);

const defaults = { nixpkgs: '/nixpkgs', system: 'x86_64-linux' };
const source = '0'.repeat(64);

/** What would show if a shell read more than a word. */
const bait = '$(touch hacked) `touch hacked` ; touch hacked & \' " \\ * ~ {a,b} !! #';

/** Nix tells its progress. */
const told = ['--log-format', 'internal-json', '-v'];

const scriptOf = (request: BuildRequest) => renderScript('id', planBuild(request, defaults));

/** How the derivations become roots. */
const keep = ['--indirect', '--add-root', 'evaluated', 'keep.nix'];

describe('A script', () => {
  const requests: unknown[] = [
    { kind: 'script', name: 'x', script: 'echo hello' },
    { kind: 'nix', name: 'x', source, file: bait, attribute: bait, nixpkgs: `/${bait}` },
    { kind: 'nix', name: 'x', source, file: 'a\nb', convert: 'qcow2' },
    { kind: 'flake', name: 'x', source, attribute: bait },
    { kind: 'flake', name: 'x', flake: "github:a/b?x='$(id)", attribute: 'c', convert: 'vmdk' },
    { kind: 'flake-image', name: 'x', source, variants: ['iso'], host: bait, modules: [bait] },
    {
      kind: 'image',
      name: 'x',
      source,
      configuration: bait,
      variants: ['iso', 'vm'],
      modules: [bait, 'a\nb'],
    },
    {
      kind: 'image',
      name: 'x',
      source,
      configuration: 'a',
      variants: ['qemu-efi'],
      nixpkgs: `/${bait}`,
      convert: 'raw',
    },
  ];
  for (const request of requests) {
    it(`is Bash, and begins with its header: ${JSON.stringify(request).slice(0, 80)}`, () => {
      const script = scriptOf(parseRequest(request));
      assert.ok(script.startsWith('# nexus-build: id\n'));
      execFileSync('bash', ['-n'], { input: script });
    });
  }

  it('of a person is kept as it is', () => {
    const own = '#!/bin/sh\n# nexus-build: other\necho "$1"\n';
    const script = renderScript('id', { kind: 'script', script: own });
    assert.equal(script, `# nexus-build: id\n${own}`);
  });

  it('for a Nix file gives nix-instantiate every word as it is', async () => {
    await using stage = await Stage.make({ 'nix-instantiate': 'echo /nix/store/x.drv', 'nix-build': '' });
    const request = {
      kind: 'nix',
      name: 'x',
      source,
      file: `${bait}\nline`,
      attribute: bait,
      nixpkgs: `/${bait}`,
    };
    await stage.run(scriptOf(parseRequest(request)));
    assert.deepEqual(await stage.calls('nix-instantiate'), [
      ['-I', `nixpkgs=/${bait}`, '-A', bait, `./source/${bait}\nline`],
      keep,
    ]);
    assert.deepEqual(await stage.calls('nix-build'), [[...told, '--out-link', 'result', '/nix/store/x.drv']]);
    assert.deepEqual(await stage.calls('nexus-phase'), [['evaluating'], ['building']]);
  });

  it('for a flake gives nix every word as it is', async () => {
    await using stage = await Stage.make({ nix: 'echo /nix/store/x.drv', 'nix-build': '' });
    await stage.run(scriptOf(parseRequest({ kind: 'flake', name: 'x', source, attribute: bait })));
    assert.deepEqual((await stage.calls('nix'))[0]?.at(-1), `path:./source#${bait}`);
  });

  it('for an image writes its Nix files as they are, and builds what they evaluate to', async () => {
    const image = { variant: 'iso', derivation: '/nix/store/iso drv.drv', file: 'iso/$(touch hacked) x.iso' };
    await using stage = await Stage.make({
      'nix-instantiate': `[[ $1 = --indirect ]] || cat <<'END'\n${JSON.stringify([image, { ...image, variant: 'vmware', name: 'my name' }])}\nEND`,
      'nix-build': 'mkdir -p out/iso; echo "$PWD/out"',
    });
    const request = parseRequest({
      ...{ kind: 'image', name: 'x', source, configuration: bait, variants: ['iso', 'vmware'] },
      modules: [`${bait}\nline`],
    });
    const plan = planBuild(request, defaults);
    assert.equal(plan.kind, 'images');
    await stage.run(renderScript('id', plan));
    const files = plan.kind === 'images' ? Object.entries(plan.files) : [];
    assert.ok(files.length > 0);
    for (const [name, text] of files) {
      assert.equal(await readFile(stage.folder.file('build', name), 'utf8'), text);
    }
    const output = stage.folder.file('build', 'out');
    assert.deepEqual(await stage.calls('nix-build'), [
      [...told, '--out-link', 'result-iso', image.derivation],
      [...told, '--out-link', 'result-vmware', image.derivation],
    ]);
    assert.deepEqual(await stage.calls('nexus-artifact'), [
      [`${output}/${image.file}`],
      [`${output}/${image.file}`, 'my name'],
    ]);
    assert.deepEqual(await stage.calls('nexus-phase'), [
      ['evaluating'],
      ['building', 'iso'],
      ['building', 'vmware'],
    ]);
  });

  describe('delivers', () => {
    /** Runs the script for a Nix file whose outputs are these. */
    async function deliveredOf(make: (folder: TempFolder) => Promise<string[]>) {
      const stage = await Stage.make({
        'nix-instantiate': 'echo /nix/store/x.drv',
        'nix-build': 'cat ../outputs',
      });
      const outputs = await make(stage.folder);
      await writeFile(stage.folder.file('outputs'), outputs.map((output) => `${output}\n`).join(''));
      const said = await stage.run(scriptOf({ kind: 'nix', name: 'x', source, file: 'x.nix' }));
      return { stage, said, calls: await stage.calls('nexus-artifact') };
    }

    it('a file by its name', async () => {
      const { stage, calls } = await deliveredOf(async (folder) => {
        await writeFile(folder.file('image file.img'), '');
        return [folder.file('image file.img')];
      });
      await using _ = stage;
      assert.deepEqual(
        calls.map(([path]) => path),
        [stage.folder.file('image file.img')],
      );
    });

    it('the files of a folder, whatever their names, but not what Nix adds', async () => {
      const names = ['plain', 'with space', '-rf', 'two\nlines', bait.replaceAll('/', '')];
      const { stage, calls } = await deliveredOf(async (folder) => {
        await mkdir(folder.file('out', 'nix-support'), { recursive: true });
        await mkdir(folder.file('elsewhere'));
        await writeFile(folder.file('out', 'nix-support', 'hydra-build-products'), '');
        for (const name of names) await writeFile(folder.file('elsewhere', name), '');
        await symlink(folder.file('elsewhere'), folder.file('out', 'sub'));
        return [folder.file('out')];
      });
      await using _ = stage;
      assert.deepEqual(
        calls.map(([path]) => path).sort(),
        names.map((name) => stage.folder.file('out', 'sub', name)).sort(),
      );
    });

    it('one archive when there are many files', async () => {
      const { stage, calls } = await deliveredOf(async (folder) => {
        await mkdir(folder.file('out'));
        for (let count = 0; count < 17; count += 1) await writeFile(folder.file('out', String(count)), '');
        return [folder.file('out')];
      });
      await using _ = stage;
      assert.equal(calls.length, 1);
      assert.match(calls[0]?.[0] ?? '', /\.tar\.gz$/);
    });

    it('nothing of an empty folder, and says so', async () => {
      const { stage, calls, said } = await deliveredOf(async (folder) => {
        await mkdir(folder.file('out'));
        return [folder.file('out')];
      });
      await using _ = stage;
      assert.deepEqual(calls, []);
      assert.match(said, /has no files/);
    });
  });

  it('evaluates again when its derivations were collected as garbage before they were roots', async () => {
    await using stage = await Stage.make({
      'nix-instantiate':
        '[[ $1 = --indirect ]] || { echo /nix/store/x.drv; exit; }; if mkdir ../once 2>/dev/null; then exit 1; fi',
      'nix-build': '',
    });
    const said = await stage.run(scriptOf({ kind: 'nix', name: 'x', source, file: 'x.nix' }));
    assert.match(said, /evaluating again/);
    const calls = (await stage.calls('nix-instantiate')).map(([first]) => first);
    assert.deepEqual(calls, ['-I', '--indirect', '-I', '--indirect']);
    assert.deepEqual(await stage.calls('nix-build'), [[...told, '--out-link', 'result', '/nix/store/x.drv']]);
  });

  it('makes its derivations roots of a real store', async function () {
    skipUnless(this, await builderMissing());
    await using folder = await tempFolder();
    await writeFile(
      folder.file('x.nix'),
      'derivation { name = "x"; system = builtins.currentSystem; builder = "/x"; }',
    );
    const derivation = (await run('nix-instantiate', [folder.file('x.nix')])).stdout;
    await writeFile(folder.file('derivations'), derivation + derivation);
    const script = scriptOf({ kind: 'nix', name: 'x', source, file: 'x.nix' });
    const lines = script.slice(script.indexOf('keep_derivations()'), script.indexOf('\nevaluate\n'));
    await run('bash', ['-c', `set -e\n${lines}\nkeep_derivations`], { cwd: folder.path });
    for (const root of ['evaluated', 'evaluated-2'])
      assert.equal(await readlink(folder.file(root)), derivation.trim());
  });

  it('fails when evaluation or building does', async () => {
    const script = scriptOf({ kind: 'nix', name: 'x', source, file: 'x.nix' });
    await using first = await Stage.make({ 'nix-instantiate': 'exit 3', 'nix-build': '' });
    await assert.rejects(first.run(script), { code: 3 });
    assert.deepEqual(await first.calls('nix-build'), []);
    await using second = await Stage.make({ 'nix-instantiate': 'echo x', 'nix-build': 'exit 100' });
    await assert.rejects(second.run(script), { code: 100 });
    await using third = await Stage.make({
      ...{
        'nix-instantiate': 'echo x',
        'nix-build': 'touch out; echo "$PWD/out"',
        'nexus-artifact': 'exit 5',
      },
    });
    await assert.rejects(third.run(script), { code: 5 });
  });
});
