import assert from 'node:assert/strict';
import { once } from 'node:events';
import { execa } from 'execa';
import { WebSocket } from 'ws';
import { bootCheckSchema } from '../../../src/builds/boot-records.ts';
import { BootClient } from '../../../src/cli/boot-client.ts';
import { bootSector, makeDisk } from '../../fixtures/boot-sector.ts';
import { Cli, nexus } from '../../fixtures/cli.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { processesNaming } from '../../fixtures/sshd.ts';
import { until } from '../../fixtures/watcher.ts';

describe('Booting what was built', () => {
  let orchestrator: TestOrchestrator;
  let settings: NodeJS.ProcessEnv;
  let id: string;

  before(async function () {
    const { failed } = await execa('qemu-system-x86_64', ['--version'], { reject: false });
    skipUnless(this, failed ? 'qemu-system-x86_64 is missing' : undefined);
    skipUnless(this, await builderMissing());
    orchestrator = await TestOrchestrator.start();
    const { url, token } = orchestrator.running;
    settings = { NEXUS_URL: url, NEXUS_TOKEN: token };
    const build = await orchestrator.script(makeDisk(bootSector('\r\nnixos login: ')), { name: 'disk' });
    id = build.id;
    assert.equal((await orchestrator.ended(id)).state, 'succeeded');
  });
  after(() => orchestrator?.[Symbol.asyncDispose]());

  const api = (path: string, init?: RequestInit) => orchestrator.fetch(`/api/v1${path}`, init);

  it('says of a build that was not checked that it was not', async () => {
    assert.equal((await api(`/builds/${id}/boot-check`)).status, 404);
    assert.equal((await api(`/builds/${id}/boot-check/screenshot`)).status, 404);
  });

  it('checks on request, and keeps the verdict, the console and the screen', async () => {
    const { status, stdout, stderr } = await nexus(['check-boot', id, '--json'], { settings });
    assert.equal(status, 0, stderr);
    assert.equal(bootCheckSchema.parse(JSON.parse(stdout)).verdict, 'booted');
    assert.match(stderr, /The image boots: the console asks for a login/);
    const serial = await nexus(['check-boot', id, '--serial'], { settings });
    assert.match(serial.stdout, /nixos login: $/);
    const screen = Buffer.from(await (await api(`/builds/${id}/boot-check/screenshot`)).arrayBuffer());
    assert.equal(screen.subarray(1, 4).toString(), 'PNG');
  });

  it('checks with the build when the request says so, also when the orchestrator ends before', async () => {
    const request = {
      kind: 'script',
      name: 'checked',
      script: makeDisk(bootSector('Kernel panic - not syncing: no root\r\n')),
    } as const;
    const checked = await orchestrator.client.submit({ ...request, bootCheck: { limit: 60 } });
    assert.equal((await orchestrator.ended(checked.id)).state, 'succeeded');
    await orchestrator.stop();
    await orchestrator.start();
    const check = await until('the verdict', async () => {
      const found = await new BootClient(orchestrator.client).bootCheck(checked.id);
      return found.state === 'done' ? found : undefined;
    });
    assert.equal(check.verdict, 'failed');
    assert.equal(check.why, 'the kernel panicked: no root');
    settings = { NEXUS_URL: orchestrator.running.url, NEXUS_TOKEN: orchestrator.running.token };
  });

  it('connects a terminal to the machine, and ends it with the command', async () => {
    await using cli = new Cli(['boot', id], { settings });
    await cli.untilSays(/nixos login: /);
    const [boot] = await new BootClient(orchestrator.client).boots();
    assert.equal(boot?.build, id);
    cli.child.kill('SIGINT');
    const { status, stderr } = await cli.ended();
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Booting disk\.img by BIOS/);
    assert.deepEqual(await new BootClient(orchestrator.client).boots(), []);
    assert.deepEqual(await processesNaming(orchestrator.folder.path), []);
  });

  it('leaves a machine running, shows its screen, and ends it with the orchestrator at the latest', async () => {
    const { stdout } = await nexus(['boot', id, '--detach'], { settings });
    const machine = stdout.trim();
    const file = orchestrator.folder.file('screen.png');
    assert.equal((await nexus(['boot', machine, '--screenshot', file], { settings })).status, 0);
    assert.match(
      (await nexus(['boot', '--list'], { settings })).stdout,
      new RegExp(`${machine} .*disk.img.*runs`),
    );
    await orchestrator.stop();
    assert.deepEqual(await processesNaming(orchestrator.folder.path), []);
    await orchestrator.start();
  });

  it('lets only its own page onto the screen and the console', async () => {
    const { id: machine } = await new BootClient(orchestrator.client).boot(id, {});
    const { url, token } = orchestrator.running;
    const login = await fetch(`${url}/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ token }),
    });
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? '';
    const open = (what: string, headers: Record<string, string>) =>
      statusOf(new WebSocket(`${url.replace('http', 'ws')}/api/v1/boots/${machine}/${what}`, { headers }));
    for (const what of ['vnc', 'serial']) {
      assert.equal(await open(what, { cookie, origin: url }), 101);
      assert.equal(await open(what, { cookie, origin: 'http://127.0.0.1:1' }), 401);
      assert.equal(await open(what, { origin: url }), 401);
    }
    await new BootClient(orchestrator.client).endBoot(machine);
  });

  /** What a server answers to somebody who asks for a WebSocket. */
  async function statusOf(socket: WebSocket): Promise<number | undefined> {
    const refused = new Promise<number | undefined>((resolve) =>
      socket.once('unexpected-response', (request, reply) => {
        request.destroy();
        resolve(reply.statusCode);
      }),
    );
    const opened = once(socket, 'open').then(() => 101);
    const status = await within('an answer', Promise.race([refused, opened]));
    socket.on('error', () => {});
    socket.terminate();
    return status;
  }

  it('refuses what no machine boots', async () => {
    const text = await orchestrator.script('echo x > notes.txt; nexus-artifact "$PWD/notes.txt"', {
      name: 'text',
    });
    await orchestrator.ended(text.id);
    const reply = await api(`/builds/${text.id}/boot-check`, {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Bearer ${orchestrator.running.token}`, 'content-type': 'application/json' },
    });
    assert.equal(reply.status, 409);
    assert.match(await reply.text(), /has no image that a machine could boot/);
  });
});
