import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, utimes, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { lockData } from '../../src/data-lock.ts';
import { fails } from '../fixtures/fails.ts';
import { within } from '../fixtures/limits.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { until } from '../fixtures/watcher.ts';

const module = fileURLToPath(new URL('../../src/data-lock.ts', import.meta.url));

/** A process that waits for the others, tries to take the lock, says whether it has it, and keeps it. */
const contender = `
  import { lockData } from ${JSON.stringify(module)};
  process.stdin.once('data', async () => {
    const lock = await lockData(process.argv[1]).catch(({ code }) => code);
    console.log(typeof lock === 'string' ? lock : 'mine');
  });
  process.stdin.on('end', () => process.exit());
  console.log('ready');
`;

class Contender implements AsyncDisposable {
  readonly #child;
  readonly #said: string[] = [];

  constructor(lock: string) {
    const command = ['--import', 'tsx', '--input-type=module', '-e', contender, lock];
    this.#child = spawn(process.execPath, command, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => this.#said.push(...text.trim().split('\n')));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async says(count: number): Promise<string | undefined> {
    while (this.#said.length < count) await within('a word', once(this.#child.stdout, 'data'));
    return this.#said[count - 1];
  }

  async contend(): Promise<string | undefined> {
    this.#child.stdin.write('go\n');
    return this.says(2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'close');
    this.#child.kill('SIGKILL');
    await within('the end of a contender', ended);
  }
}

describe('lockData', () => {
  it('is for one at a time, and free again after its disposal', async () => {
    await using folder = await tempFolder();
    const lock = await lockData(folder.file('lock'));
    const error = await fails(
      lockData(folder.file('lock')),
      'data-in-use',
      new RegExp(`process ${process.pid}`),
    );
    assert.match(error.hint ?? '', /NEXUS_DATA/);
    await lock[Symbol.asyncDispose]();
    await lock[Symbol.asyncDispose]();
    await using again = await lockData(folder.file('lock'));
    assert.ok(again);
    assert.deepEqual(await folder.names(), ['lock']);
  });

  const stale: [what: string, content: string][] = [
    ['a process that has ended', JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' })],
    [
      'a process whose id belongs to another one now',
      JSON.stringify({ pid: process.pid, started: 'another boot 1' }),
    ],
    ['init of a container that is gone', JSON.stringify({ pid: 1, started: 'another boot 1' })],
    ['a crash in the middle of writing', '{"pid": 1'],
    ['a crash before writing', ''],
    ['a process of another format', '"text"'],
  ];
  for (const [what, content] of stale) {
    it(`takes the lock of ${what}`, async () => {
      await using folder = await tempFolder();
      await writeFile(folder.file('lock'), content);
      await using lock = await lockData(folder.file('lock'));
      assert.ok(lock);
      assert.equal(JSON.parse(await readFile(folder.file('lock'), 'utf8')).pid, process.pid);
      assert.deepEqual(await folder.names(), ['lock']);
    });
  }

  it('takes the lock of a process that has ended although nobody has asked how', async () => {
    await using folder = await tempFolder();
    // The shell starts a process that ends at once, and becomes one that never asks.
    const parent = spawn('bash', ['-c', 'sleep 0.01 & echo $!; exec sleep 20'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = await within('its id', once(parent.stdout, 'data'));
      const pid = Number(line);
      const stat = async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ');
      await until('its end', async () => ((await stat())[2] === 'Z' ? true : undefined));
      const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
      await writeFile(folder.file('lock'), JSON.stringify({ pid, started: `${boot} ${(await stat())[21]}` }));
      await using lock = await lockData(folder.file('lock'));
      assert.ok(lock);
    } finally {
      parent.kill('SIGKILL');
    }
  });

  it('takes a stale lock although another process crashed while it took it', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('lock'), JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' }));
    await writeFile(folder.file('lock.claim'), '');
    const old = new Date(Date.now() - 60_000);
    await utimes(folder.file('lock.claim'), old, old);
    await using lock = await lockData(folder.file('lock'));
    assert.ok(lock);
    assert.deepEqual(await folder.names(), ['lock']);
  });

  it('is won by exactly one of several processes that find a stale one, and lost with it', async () => {
    await using folder = await tempFolder();
    const path = folder.file('lock');
    await writeFile(path, JSON.stringify({ pid: 2 ** 22 + 1, started: 'x' }));
    await using first = new Contender(path);
    await using second = new Contender(path);
    await using third = new Contender(path);
    const all = [first, second, third];
    await Promise.all(all.map((one) => one.says(1)));
    const words = await Promise.all(all.map((one) => one.contend()));
    assert.deepEqual([...words].sort(), ['data-in-use', 'data-in-use', 'mine']);
    const holder = all[words.indexOf('mine')];
    await fails(lockData(path), 'data-in-use', new RegExp(`process ${holder?.pid}`));
    await holder?.[Symbol.asyncDispose]();
    await using lock = await lockData(path);
    assert.ok(lock);
  });
});
