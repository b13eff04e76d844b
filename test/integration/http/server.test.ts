import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer as bytesOf } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Header, pack } from 'tar-stream';
import { fails } from '../../fixtures/fails.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { until } from '../../fixtures/watcher.ts';

type Entry = [header: Partial<Header> & Pick<Header, 'name'>, content?: string];

interface ErrorReply {
  error: { code: string; message: string; hint?: string };
}

/** The error of a reply, whose status has to be this one. */
async function errorOf(reply: Response, status: number): Promise<ErrorReply['error']> {
  const text = await reply.text();
  assert.equal(reply.status, status, text);
  const { error } = JSON.parse(text) as ErrorReply;
  assert.ok(error.message);
  return error;
}

describe('The API', () => {
  let nexus: TestOrchestrator;

  before(async () => {
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  const post = (path: string, body: unknown) =>
    nexus.fetch(`/api/v1${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  describe('without a right token', () => {
    const headers = ['', 'Bearer', 'Bearer wrong', 'Basic xyz'];
    for (const authorization of headers) {
      it(`answers 401 to “${authorization}”`, async () => {
        const reply = await nexus.fetch('/api/v1/builds', { headers: { authorization } });
        assert.equal((await errorOf(reply, 401)).code, 'unauthorized');
      });
    }

    it('answers 401 to an upload before it is read', async () => {
      const reply = await nexus.fetch('/api/v1/sources', {
        method: 'POST',
        headers: { authorization: 'Bearer wrong', 'content-type': 'application/x-tar' },
        body: randomBytes(100),
      });
      assert.equal((await errorOf(reply, 401)).code, 'unauthorized');
    });

    it('tells its health and its description', async () => {
      const health = await fetch(`${nexus.running.url}/health`);
      assert.deepEqual(await health.json(), { status: 'ok', version: '0.1.0' });
      assert.equal((await fetch(`${nexus.running.url}/openapi.json`)).status, 200);
    });
  });

  it('describes every route in openapi.json', async () => {
    const reply = await nexus.fetch('/openapi.json');
    const { paths } = (await reply.json()) as { paths: Record<string, Record<string, unknown>> };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    assert.deepEqual(routes.sort(), [
      'delete /api/v1/boots/{id}',
      'delete /api/v1/builds/{id}',
      'get /api/v1/boots',
      'get /api/v1/boots/{id}',
      'get /api/v1/boots/{id}/screenshot',
      'get /api/v1/builder',
      'get /api/v1/builder/console',
      'get /api/v1/builds',
      'get /api/v1/builds/{id}',
      'get /api/v1/builds/{id}/artifacts/{name}',
      'get /api/v1/builds/{id}/boot-check',
      'get /api/v1/builds/{id}/boot-check/screenshot',
      'get /api/v1/builds/{id}/boot-check/serial',
      'get /api/v1/builds/{id}/events',
      'get /api/v1/builds/{id}/log',
      'get /api/v1/builds/{id}/watch',
      'get /api/v1/sources',
      'post /api/v1/builder/image',
      'post /api/v1/builder/start',
      'post /api/v1/builder/stop',
      'post /api/v1/builds',
      'post /api/v1/builds/{id}/boot',
      'post /api/v1/builds/{id}/boot-check',
      'post /api/v1/builds/{id}/cancel',
      'post /api/v1/builds/{id}/pin',
      'post /api/v1/builds/{id}/unpin',
      'post /api/v1/gc',
      'post /api/v1/login-codes',
      'post /api/v1/sources',
      'post /api/v1/stop',
    ]);
  });

  it('answers 404 to paths and builds that do not exist', async () => {
    assert.equal((await errorOf(await nexus.fetch('/api/v1/nothing'), 404)).code, 'not-found');
    for (const path of ['', '/log', '/watch', '/artifacts/x']) {
      const reply = await nexus.fetch(`/api/v1/builds/nothing${path}`);
      assert.equal((await errorOf(reply, 404)).code, 'not-found');
    }
    assert.equal((await errorOf(await post('/builds/nothing/cancel', {}), 404)).code, 'not-found');
  });

  describe('refuses a request', () => {
    const base = { kind: 'script', name: 'x', script: 'true' };
    const wrong: [what: string, body: unknown, message: RegExp][] = [
      ['that is no object', 'text', /./],
      ['of an unknown kind', { ...base, kind: 'poem' }, /kind/],
      ['with a bad name', { ...base, name: '../x' }, /name.*must begin with a letter/],
      ['with a name that is too long', { ...base, name: 'x'.repeat(64) }, /name/],
      ['with an unknown field', { ...base, scirpt: 'true' }, /scirpt/],
      [
        'with a path that leaves the source',
        { kind: 'nix', name: 'x', source: '0'.repeat(64), file: '../x' },
        /file/,
      ],
      ['with a source that is no id', { ...base, source: '../../etc' }, /source/],
    ];
    for (const [what, body, message] of wrong) {
      it(`${what} with 400`, async () => {
        const error = await errorOf(await post('/builds', body), 400);
        assert.equal(error.code, 'request-invalid');
        assert.match(error.message, message);
      });
    }

    it('that is no JSON, or too large, with 400', async () => {
      const headers = { 'content-type': 'application/json' };
      for (const body of ['{', 'x'.repeat(3_000_000)]) {
        const reply = await nexus.fetch('/api/v1/builds', { method: 'POST', headers, body });
        assert.equal((await errorOf(reply, 400)).code, 'request-invalid');
      }
    });

    it('for a wrong offset with 400', async () => {
      for (const query of ['offset=-1', 'offset=x', 'follow=perhaps']) {
        const reply = await nexus.fetch(`/api/v1/builds/x/log?${query}`);
        assert.equal((await errorOf(reply, 400)).code, 'request-invalid');
      }
    });
  });

  describe('takes a source', () => {
    const tarOf = async (entries: Entry[]) => {
      const tar = pack();
      for (const [header, content] of entries) tar.entry(header, content ?? '');
      tar.finalize();
      return bytesOf(Readable.from(tar));
    };

    const upload = (body: RequestInit['body'], type = 'application/x-tar') =>
      nexus.fetch('/api/v1/sources', {
        method: 'POST',
        headers: { 'content-type': type },
        ...{ body, duplex: 'half' },
      } as RequestInit);

    it('and gives equal ones the same id, whatever their times and owners', async () => {
      const one = await tarOf([
        [{ name: 'a', mtime: new Date(1), uid: 1 }, 'text'],
        [{ name: 'd', type: 'directory' }],
      ]);
      const two = await tarOf([
        [{ name: './a', mtime: new Date(2), uid: 2 }, 'text'],
        [{ name: 'd/', type: 'directory' }],
      ]);
      const [first, second] = await Promise.all([upload(one), upload(two)]);
      assert.deepEqual([first?.status, second?.status], [201, 201]);
      assert.deepEqual(await first?.json(), await second?.json());
    });

    it('with links that stay inside', async () => {
      const reply = await upload(
        await tarOf([
          [{ name: 'd/file' }, 'text'],
          [{ name: 'd/link', type: 'symlink', linkname: '../other' }],
          [{ name: 'deep', type: 'symlink', linkname: 'd/file' }],
        ]),
      );
      assert.equal(reply.status, 201);
    });

    const unsafe: [what: string, header: Entry[0]][] = [
      ['an absolute path', { name: '/etc/passwd' }],
      ['a path that goes up', { name: '../x' }],
      ['a path that goes down and up again', { name: 'a/../../x' }],
      ['a link to an absolute path', { name: 'a', type: 'symlink', linkname: '/etc/passwd' }],
      ['a link that goes up', { name: 'd/a', type: 'symlink', linkname: '../../x' }],
      ['a link to the folder above', { name: 'a', type: 'symlink', linkname: '..' }],
      ['a link that goes down and up again', { name: 'a', type: 'symlink', linkname: 'd/l/../x' }],
      ['a hard link', { name: 'a', type: 'link', linkname: 'file' }],
      ['a device', { name: 'a', type: 'character-device' }],
      ['a block device', { name: 'a', type: 'block-device' }],
      ['a pipe', { name: 'a', type: 'fifo' }],
    ];
    for (const [what, header] of unsafe) {
      it(`but not with ${what}`, async () => {
        const reply = await upload(await tarOf([[{ name: 'file' }, 'text'], [header]]));
        const error = await errorOf(reply, 400);
        assert.equal(error.code, 'source-unsafe');
        assert.ok(
          error.message.includes(JSON.stringify(header.name).slice(1, -1)) || /outside/.test(error.message),
        );
      });
    }

    it('but not with a file behind a link', async () => {
      const entries: Entry[] = [
        [{ name: 'd/e/up', type: 'symlink', linkname: '../..' }],
        [{ name: 'd/e/up/escape', type: 'symlink', linkname: '../x' }],
      ];
      assert.equal((await errorOf(await upload(await tarOf(entries)), 400)).code, 'source-unsafe');
    });

    it('and says why one is refused although megabytes of it are still to come', async () => {
      const large = await tarOf([[{ name: '/etc/passwd' }], [{ name: 'large' }, 'x'.repeat(20_000_000)]]);
      const chunks = async function* () {
        for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
      };
      await fails(nexus.client.uploadSource(Readable.from(chunks())), 'source-unsafe', /\/etc\/passwd/);
    });

    it('but not one that ends too early', async () => {
      const whole = await tarOf([[{ name: 'file' }, 'x'.repeat(10_000)]]);
      assert.equal((await errorOf(await upload(whole.subarray(0, 5_000)), 400)).code, 'request-invalid');
    });

    it('but nothing that is no tar archive', async () => {
      assert.equal((await errorOf(await upload(randomBytes(5_000)), 400)).code, 'request-invalid');
      assert.equal((await errorOf(await upload('{}', 'application/json'), 400)).code, 'request-invalid');
      assert.equal((await errorOf(await upload('text', 'text/plain'), 400)).code, 'request-invalid');
      const empty = await nexus.fetch('/api/v1/sources', { method: 'POST' });
      assert.equal((await errorOf(empty, 400)).code, 'request-invalid');
    });

    it('and keeps nothing of one whose upload breaks off', async () => {
      const abort = new AbortController();
      const chunks = async function* () {
        yield (await tarOf([[{ name: 'file' }, 'x'.repeat(10_000)]])).subarray(0, 4096);
        abort.abort();
        await sleep(1000);
      };
      await assert.rejects(nexus.client.uploadSource(Readable.from(chunks()), { signal: abort.signal }));
      assert.equal((await nexus.fetch('/health')).status, 200);
    });
  });
});

describe('The API of a running build', () => {
  let nexus: TestOrchestrator;

  before(async function () {
    skipUnless(this, await builderMissing());
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  it('streams the log as it grows, to its end, from any offset', async () => {
    const go = nexus.folder.file('go');
    const build = await nexus.script(`echo first; until [ -e '${go}' ]; do sleep 0.05; done; echo last`);
    const reply = await nexus.fetch(`/api/v1/builds/${build.id}/log`);
    assert.match(reply.headers.get('content-type') ?? '', /^text\/plain/);
    assert.ok(reply.body);
    const reader = reply.body.getReader();
    let text = '';
    const read = async () => {
      const { value, done } = await within('the log', reader.read());
      text += Buffer.from(value ?? []).toString();
      return !done;
    };
    while (!text.includes('first\n')) assert.ok(await read());
    const now = await nexus.fetch(`/api/v1/builds/${build.id}/log?follow=false`);
    assert.equal(await now.text(), 'first\n');
    await writeFile(go, '');
    while (await read());
    assert.equal(text, 'first\nlast\n');
    const rest = await nexus.fetch(`/api/v1/builds/${build.id}/log?offset=6`);
    assert.equal(await rest.text(), 'last\n');
    const beyond = await nexus.fetch(`/api/v1/builds/${build.id}/log?offset=600`);
    assert.equal(await beyond.text(), '');
  });

  it('tells every change of the build on the watch stream, which ends with it', async () => {
    // Changes that follow each other at once are told as one, so each phase waits until it was seen.
    const build = await nexus.script(
      'for phase in one two; do nexus-phase $phase; until [ -e $phase ]; do sleep 0.05; done; done',
    );
    const builds = join(nexus.config.data, 'this-machine', 'builds', build.id);
    const seen: string[] = [];
    for await (const { build: news } of nexus.client.watch(build.id)) {
      seen.push(news.phase ? `${news.state} ${news.phase}` : news.state);
      if (news.state === 'building' && news.phase) await writeFile(join(builds, news.phase), '');
    }
    const order = [
      'queued',
      'preparing',
      'building',
      'building one',
      'building two',
      'collecting fetching',
      'succeeded',
    ];
    assert.equal(seen.at(-1), 'succeeded');
    const places = seen.map((news) => order.indexOf(news));
    assert.deepEqual(
      places,
      [...places].sort((a, b) => a - b),
      seen.join(),
    );
  });

  it('forgets a watcher that goes away', async () => {
    const build = await nexus.script('nexus-phase running; sleep 30');
    await nexus.inPhase(build.id, 'running');
    const abort = new AbortController();
    const watches = () => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;
    const before = watches();
    const [watch, log] = await Promise.all(
      ['watch', 'log'].map((what) =>
        nexus.fetch(`/api/v1/builds/${build.id}/${what}`, { signal: abort.signal }),
      ),
    );
    assert.deepEqual([watch?.status, log?.status], [200, 200]);
    await until('the log to be watched', () => watches() > before || undefined);
    abort.abort();
    await until('the watch to be gone', () => watches() <= before || undefined);
    await nexus.client.cancel(build.id);
  });

  it('gives artifacts whole, and says what there is when the name is wrong', async () => {
    const build = await nexus.ended(
      (await nexus.script('head -c 300000 /dev/urandom > a.bin; nexus-artifact a.bin')).id,
    );
    const [artifact] = build.artifacts;
    assert.ok(artifact);
    const reply = await nexus.fetch(`/api/v1/builds/${build.id}/artifacts/a.bin`);
    assert.equal(reply.headers.get('content-length'), '300000');
    assert.match(reply.headers.get('content-disposition') ?? '', /filename="a\.bin"/);
    const bytes = Buffer.from(await reply.arrayBuffer());
    assert.equal(createHash('sha256').update(bytes).digest('hex'), artifact.sha256);
    for (const name of ['b.bin', '..%2Fbuild.json', 'SHA256SUMS']) {
      const error = await errorOf(await nexus.fetch(`/api/v1/builds/${build.id}/artifacts/${name}`), 404);
      assert.equal(error.code, 'not-found');
      assert.match(error.hint ?? '', /a\.bin/);
    }
    await rm(join(nexus.config.artifacts, `script-${build.id}`), { recursive: true });
    const gone = await nexus.fetch(`/api/v1/builds/${build.id}/artifacts/a.bin`);
    assert.equal((await errorOf(gone, 404)).code, 'not-found');
  });

  it('answers 409 to a download from a build that has not succeeded', async () => {
    const build = await nexus.script('echo x > x; nexus-artifact x; exit 1');
    const ended = await nexus.ended(build.id);
    assert.equal(ended.state, 'failed');
    const reply = await nexus.fetch(`/api/v1/builds/${build.id}/artifacts/x`);
    assert.ok([404, 409].includes(reply.status));
  });

  it('tells the state of the builder and the machine it is', async () => {
    await nexus.client.startBuilder();
    await until('the builder', async () =>
      (await nexus.client.builder()).state === 'ready' ? true : undefined,
    );
    const status = await nexus.client.builder();
    assert.equal(status.kind, 'this-machine');
    assert.ok(status.machine && status.machine.diskFree > 0);
    assert.deepEqual([status.step, status.error], [null, null]);
  });

  it('ends every stream when the orchestrator stops', async () => {
    await using own = await TestOrchestrator.start();
    const build = await own.script('nexus-phase running; sleep 30');
    await own.inPhase(build.id, 'running');
    let opened = 0;
    const streams = ['watch', 'log'].map(async (what) => {
      const reply = await own.fetch(`/api/v1/builds/${build.id}/${what}`);
      opened += 1;
      return reply.text().catch(() => 'cut');
    });
    await until('both streams', () => opened === 2 || undefined);
    await own.stop();
    await within('the end of the streams', Promise.all(streams));
  });
});
