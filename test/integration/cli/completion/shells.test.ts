import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { variantNames } from '../../../../src/builds/variants.ts';
import { environmentForPrograms } from '../../../../src/config.ts';
import { shellQuote } from '../../../../src/transport/shell-quote.ts';
import { nexus } from '../../../fixtures/cli.ts';
import { nexusWords } from '../../../fixtures/compiled.ts';
import { skipUnless } from '../../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../../fixtures/orchestrator.ts';
import { programMissing, Terminal } from '../../../fixtures/terminal.ts';

const run = promisify(execFile);

describe('Completion', () => {
  let orchestrator: TestOrchestrator;
  let env: NodeJS.ProcessEnv;
  let id: string;

  before(async function () {
    skipUnless(this, await builderMissing());
    orchestrator = await TestOrchestrator.start();
    const { folder } = orchestrator;
    await mkdir(folder.file('bin'));
    await writeFile(folder.file('bin', 'nexus'), `#!/bin/sh\nexec ${shellQuote(nexusWords)} "$@"\n`);
    await chmod(folder.file('bin', 'nexus'), 0o755);
    for (const shell of ['bash', 'zsh', 'fish']) {
      await writeFile(folder.file(shell), (await nexus(['completion', shell])).stdout);
    }
    await writeFile(folder.file('system.nix'), '{ }');
    env = {
      ...environmentForPrograms(),
      ...{ NEXUS_URL: orchestrator.running.url, NEXUS_TOKEN: orchestrator.running.token },
      PATH: `${folder.file('bin')}:${process.env.PATH}`,
      HOME: folder.path,
    };
    ({ id } = await orchestrator.ended((await orchestrator.script('true', { name: 'named' })).id));
  });
  after(async () => orchestrator?.[Symbol.asyncDispose]());

  /** What Bash would offer for a line that ends here. */
  async function bash(line: string): Promise<string[]> {
    const words = line.split(' ');
    const program = `source ./bash
COMP_WORDS=(${shellQuote(words)}); COMP_CWORD=${words.length - 1}
_nexus
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['--norc', '-c', program], { cwd: orchestrator.folder.path, env });
    return stdout.split('\n').filter((word) => word !== '');
  }

  async function fish(line: string): Promise<string[]> {
    const program = `source ./fish; complete -C ${shellQuote([line])}`;
    const { stdout } = await run('fish', ['--no-config', '-c', program], {
      cwd: orchestrator.folder.path,
      env,
    });
    return stdout.split('\n').flatMap((word) => word.split('\t')[0] || []);
  }

  for (const [shell, complete] of [
    ['bash', bash],
    ['fish', fish],
  ] as const) {
    describe(`in ${shell}`, () => {
      before(async function () {
        skipUnless(this, await programMissing(shell));
      });

      it('knows commands and what they have below them', async () => {
        assert.deepEqual(await complete('nexus bui'), ['build', 'builder']);
        assert.ok(!(await complete('nexus comp')).includes('complete-ids'));
        assert.deepEqual((await complete('nexus builder s')).sort(), ['start', 'status', 'stop']);
      });

      it('knows options and their values', async () => {
        assert.deepEqual(await complete('nexus build --var'), ['--variant']);
        assert.deepEqual((await complete('nexus build x --variant ')).sort(), [...variantNames].sort());
        assert.deepEqual((await complete('nexus run --builder d')).sort(), ['docker-vm']);
        assert.deepEqual(await complete('nexus builder start --j'), ['--json']);
        assert.deepEqual(await complete('nexus completion f'), ['fish']);
      });

      it('knows the ids of builds, and is silent when nobody answers', async () => {
        assert.deepEqual(await complete(`nexus show ${id.slice(0, 10)}`), [id]);
        const known = env.NEXUS_URL;
        env.NEXUS_URL = 'http://127.0.0.1:49151';
        assert.deepEqual(await complete('nexus show 2'), []);
        env.NEXUS_URL = known;
      });
    });
  }

  it('in fish knows files where a file is wanted', async function () {
    skipUnless(this, await programMissing('fish'));
    assert.deepEqual(await fish('nexus build sys'), ['system.nix']);
  });

  it('in zsh completes commands, options, variants, ids and files', async function () {
    skipUnless(this, (await programMissing('zsh')) ?? (await programMissing('tmux', '-V')));
    const { folder } = orchestrator;
    const settings = { ...env, PROMPT: 'READY$ ' };
    await using terminal = await Terminal.open({ columns: 100, cwd: folder.path, settings }, ['zsh', '-f']);
    await terminal.keys(
      '-l',
      `PROMPT='READY$ '; autoload -U compinit && compinit -u -D; source ./zsh; clear`,
    );
    await terminal.keys('Enter');
    await terminal.untilShows(/^READY\$$/m);
    for (const [typed, completed] of [
      ['nexus cance', 'nexus cancel '],
      ['nexus build --vari', 'nexus build --variant '],
      ['nexus build --variant vagrant-virt', 'nexus build --variant vagrant-virtualbox '],
      ['nexus builder sto', 'nexus builder stop '],
      [`nexus show ${id.slice(0, -2)}`, `nexus show ${id} `],
      ['nexus build sys', 'nexus build system.nix '],
    ] as const) {
      await terminal.keys('-l', typed);
      await terminal.keys('Tab');
      await terminal.keys('-l', '|');
      await terminal.untilShows(new RegExp(`READY\\$ ${completed.trimEnd()} ?\\|$`, 'm'));
      await terminal.keys('C-u');
    }
  });
});
