import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { isLocked, lockData } from '../../src/data-lock.ts';
import { fails } from '../fixtures/fails.ts';
import { within } from '../fixtures/limits.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';

/** A process that tries to lock when it is told to, says how that went, and keeps what it has until it is killed. */
const contender = `
  const { lockData } = await import(${JSON.stringify(import.meta.resolve('../../src/data-lock.ts'))});
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

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
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
    const path = folder.file('lock');
    assert.equal(await isLocked(path), false);
    const lock = await lockData(path);
    assert.equal(await isLocked(path), true);
    const error = await fails(lockData(path), 'data-in-use', new RegExp(`process ${process.pid}\\)`));
    assert.match(error.hint ?? '', /NEXUS_DATA/);
    await lock[Symbol.asyncDispose]();
    await lock[Symbol.asyncDispose]();
    assert.equal(await isLocked(path), false);
    await using again = await lockData(path);
    assert.ok(again);
  });

  it('takes the place of the lock of an earlier version, which was a file', async () => {
    await using folder = await tempFolder();
    await writeFile(folder.file('lock'), '{"pid":1}');
    await using lock = await lockData(folder.file('lock'));
    assert.ok(lock);
  });

  it('is not kept out by what is no socket', async () => {
    await using folder = await tempFolder();
    await mkdir(folder.file('lock'));
    await writeFile(folder.file('lock', '0123456789ab'), '');
    await using lock = await lockData(folder.file('lock'));
    assert.ok(lock);
  });

  it('works below a path that is longer than the address of a socket may be', async () => {
    await using folder = await tempFolder();
    const path = folder.file('x'.repeat(100), 'y'.repeat(100), 'lock');
    const lock = await lockData(path);
    await fails(lockData(path), 'data-in-use');
    await lock[Symbol.asyncDispose]();
    assert.equal(await isLocked(path), false);
  });

  it('is lost with the process that had it, and leaves nothing behind', async () => {
    await using folder = await tempFolder();
    const path = folder.file('lock');
    await using holder = new Contender(path);
    await holder.says(1);
    assert.equal(await holder.contend(), 'mine');
    await fails(lockData(path), 'data-in-use', new RegExp(`process ${holder.pid}\\)`));
    await holder[Symbol.asyncDispose]();
    assert.equal(await isLocked(path), false);
    const lock = await lockData(path);
    await lock[Symbol.asyncDispose]();
  });

  it('is not taken from a process that is stopped', async () => {
    await using folder = await tempFolder();
    const path = folder.file('lock');
    await using holder = new Contender(path);
    await holder.says(1);
    assert.equal(await holder.contend(), 'mine');
    holder.signal('SIGSTOP');
    await fails(lockData(path), 'data-in-use', /process unknown/);
  });

  for (const stale of [false, true]) {
    it(`is won by exactly one of several processes that want it at once${stale ? ', after one that was killed' : ''}`, async () => {
      await using folder = await tempFolder();
      const path = folder.file('lock');
      if (stale) {
        await using dead = new Contender(path);
        await dead.says(1);
        await dead.contend();
      }
      await using first = new Contender(path);
      await using second = new Contender(path);
      await using third = new Contender(path);
      const all = [first, second, third];
      await Promise.all(all.map((one) => one.says(1)));
      const words = await Promise.all(all.map((one) => one.contend()));
      assert.deepEqual([...words].sort(), ['data-in-use', 'data-in-use', 'mine']);
      const holder = all[words.indexOf('mine')];
      await fails(lockData(path), 'data-in-use', new RegExp(`process ${holder?.pid}\\)`));
      await holder?.[Symbol.asyncDispose]();
      await using lock = await lockData(path);
      assert.ok(lock);
    });
  }
});
