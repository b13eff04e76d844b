import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { Cli, nexus } from '../../fixtures/cli.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing } from '../../fixtures/orchestrator.ts';
import { processesNaming, untilNoProcessNames } from '../../fixtures/sshd.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';
import { isAlive, until } from '../../fixtures/watcher.ts';

const serverFile = z.object({ url: z.string(), pid: z.number() });

/** A folder in which commands start an orchestrator of their own; disposing ends it. */
class Place implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly settings: NodeJS.ProcessEnv;

  constructor(folder: TempFolder, settings: NodeJS.ProcessEnv) {
    this.folder = folder;
    this.settings = { NEXUS_BUILDER: 'this-machine', NIX_CONFIG: 'substitute = false', ...settings };
  }

  static async make(settings: NodeJS.ProcessEnv = {}): Promise<Place> {
    return new Place(await tempFolder(), settings);
  }

  run(...args: string[]) {
    return nexus(args, { settings: this.settings, cwd: this.folder.path });
  }

  start(...args: string[]): Cli {
    return new Cli(args, { settings: this.settings, cwd: this.folder.path });
  }

  /** The orchestrator of this folder, when one says that it runs. */
  async server() {
    const text = await readFile(this.folder.file('data', 'server.json'), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : serverFile.parse(JSON.parse(text));
  }

  async pid(): Promise<number> {
    return (await until('server.json', () => this.server())).pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const server = await this.server();
    if (server && (await isAlive(server.pid))) {
      process.kill(server.pid, 'SIGTERM');
      await until('the end of the orchestrator', async () =>
        (await isAlive(server.pid)) ? undefined : true,
      );
    }
    await this.folder[Symbol.asyncDispose]();
  }
}

describe('A command without an orchestrator', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('starts one in the background, which the next command finds and nexus stop ends', async () => {
    await using place = await Place.make();
    await writeFile(place.folder.file('hello.sh'), 'echo hello');
    const first = await place.run('run', 'hello.sh');
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /Started an orchestrator in the background/);
    const pid = await place.pid();
    const list = await place.run('list');
    assert.match(list.stdout, /hello +succeeded/);
    assert.equal(list.stderr, '', 'it was found');
    assert.equal(await place.pid(), pid);
    const stop = await place.run('stop');
    assert.equal(stop.status, 0, stop.stderr);
    await until('its end', async () => ((await isAlive(pid)) ? undefined : true));
    await untilNoProcessNames(place.folder.path);
    assert.equal((await place.run('stop')).stderr, 'No orchestrator runs here.\n');
  });

  it('shares the one that another command is starting at the same moment', async () => {
    await using place = await Place.make();
    const lists = await Promise.all([place.run('list'), place.run('list'), place.run('list')]);
    assert.deepEqual(
      lists.map(({ status }) => status),
      [0, 0, 0],
      lists.map(({ stderr }) => stderr).join(),
    );
    const started = lists.filter(({ stderr }) => stderr.includes('Started an orchestrator'));
    assert.equal(started.length, 1, 'one says that it started it');
  });

  it('starts another one when the last was killed, and builds although its watcher was at work', async () => {
    await using place = await Place.make();
    await writeFile(place.folder.file('hello.sh'), 'echo hello');
    assert.equal((await place.run('run', 'hello.sh')).status, 0);
    const pid = await place.pid();
    process.kill(pid, 'SIGKILL');
    await until('its end', async () => ((await isAlive(pid)) ? undefined : true));
    const again = await place.run('run', 'hello.sh');
    assert.equal(again.status, 0, again.stderr);
    assert.notEqual(await place.pid(), pid);
  });

  it('tells why none could be started', async () => {
    await using place = await Place.make();
    await writeFile(place.folder.file('data'), 'a file where the folder should be');
    const list = await place.run('list');
    assert.equal(list.status, 1);
    assert.match(list.stderr, /EEXIST|ENOTDIR/);
  });
});

describe('nexus serve', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('says where it answers, and with NEXUS_STOP=cancel SIGTERM ends it, its build and its watcher', async () => {
    await using place = await Place.make({ NEXUS_STOP: 'cancel' });
    await using server = place.start('serve', '--port', '0');
    await server.untilSays(/Orchestrator ready/);
    await writeFile(place.folder.file('long.sh'), 'nexus-phase running; sleep 4713.5');
    assert.equal((await place.run('run', '-d', 'long.sh')).status, 0);
    await until('the build', async () => (await processesNaming('sleep 4713.5')).length > 0 || undefined);
    server.child.kill('SIGTERM');
    const { status, stderr, stdout } = await server.ended();
    assert.equal(status, 0, stderr);
    assert.equal(stdout, '', 'its log goes to standard error');
    assert.match(stderr, /Orchestrator stopped/);
    assert.deepEqual(await processesNaming('sleep 4713.5'), []);
    await untilNoProcessNames(place.folder.path);
    assert.equal(await place.server(), undefined);
  });

  it('ends by itself after --idle-exit seconds without work', async () => {
    await using place = await Place.make();
    await using server = place.start('serve', '--port', '0', '--idle-exit', '1');
    const { status, stderr } = await server.ended();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Orchestrator stopped/);
  });

  it('refuses a folder that another one has', async () => {
    await using place = await Place.make();
    await using server = place.start('serve', '--port', '0');
    await server.untilSays(/Orchestrator ready/);
    const second = await place.run('serve', '--port', '0');
    assert.equal(second.status, 1);
    assert.match(second.stderr, new RegExp(`process ${server.child.pid}\\) has the data folder`));
  });
});
