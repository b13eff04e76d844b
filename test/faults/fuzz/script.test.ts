import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { nixString } from '../../../src/builds/nix-string.ts';
import { type Plan, planBuild } from '../../../src/builds/plan.ts';
import { parseRequest } from '../../../src/builds/request.ts';
import { renderScript } from '../../../src/builds/script.ts';
import { shellQuote } from '../../../src/transport/shell-quote.ts';
import { Stage } from '../../fixtures/stage.ts';
import { check } from './check.ts';
import { hostileText, hostileWords, isPlainText } from './hostile.ts';
import { hostileRequest } from './requests.ts';

const run = promisify(execFile);

const defaults = { nixpkgs: '/nixpkgs', system: 'x86_64-linux' };
const plainText = hostileText.filter(isPlainText);
const corpus = hostileWords.filter(isPlainText);

/** Files that each kind of script makes itself. */
const ownFiles = ['derivations', 'keep.nix', 'evaluated', 'images', 'images.json', 'outputs', 'script'];

async function checkRun(request: Record<string, unknown>): Promise<void> {
  const plan = planBuild(parseRequest(request), defaults);
  if (plan.kind === 'script') return;
  await using stage = await Stage.make({
    'nix-instantiate': `[[ $1 = --indirect ]] || echo ${plan.kind === 'images' ? "'[]'" : '/nix/store/x.drv'}`,
    nix: 'echo /nix/store/x.drv',
    'nix-build': '',
  });
  await stage.run(renderScript('id', plan));
  const [program, ...words] = plan.evaluate;
  const [evaluated] = await stage.calls(program ?? '');
  assert.deepEqual(evaluated, words, 'what evaluates gets every word as it is');
  await checkFiles(stage, plan);
}

/** Nothing is there but what belongs there, and it says what it should. */
async function checkFiles(stage: Stage, plan: Exclude<Plan, { kind: 'script' }>): Promise<void> {
  const files = plan.kind === 'images' ? plan.files : {};
  const { stdout } = await run('ls', ['-A', stage.folder.file('build')]);
  const strange = stdout.split('\n').filter((name) => name && !(name in files) && !ownFiles.includes(name));
  assert.deepEqual(strange, []);
  for (const [name, text] of Object.entries(files)) {
    assert.equal(await readFile(stage.folder.file('build', name), 'utf8'), text);
  }
}

describe('A script of hostile words', () => {
  it('gives them to the programs as they are, and runs none of them', async () => {
    await check(40, hostileRequest, checkRun);
  });

  it('is made of words that every shell reads as they are', async () => {
    for (const shell of ['bash', 'sh']) {
      await check(
        20,
        fc.array(plainText, { minLength: 1, maxLength: 30 }),
        async (words) => {
          const { stdout } = await run(shell, ['-c', `printf '%s\\0' ${shellQuote(words)}`]);
          assert.deepEqual(stdout.split('\0').slice(0, -1), words);
        },
        [corpus],
      );
    }
  });

  it('holds strings that Nix reads as they are', async () => {
    await check(
      5,
      fc.array(plainText, { minLength: 20, maxLength: 200 }),
      async (words) => {
        const expression = `[ ${words.map(nixString).join(' ')} ]`;
        const { stdout } = await run('nix-instantiate', [
          '--eval',
          '--strict',
          '--json',
          '--expr',
          expression,
        ]);
        assert.deepEqual(JSON.parse(stdout), words);
      },
      [corpus],
    );
  });
});
