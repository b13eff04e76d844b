import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Docker from 'dockerode';
import { z } from 'zod';
import { Engine } from '../../../src/builders/docker-vm/engine.ts';
import { readConfig } from '../../../src/config.ts';
import { checkBuilder, checkThisMachine } from '../../../src/doctor/check-builder.ts';
import { checkCompose, checkEngine } from '../../../src/doctor/check-docker.ts';
import { checkKvm, checkNestedKvm } from '../../../src/doctor/check-kvm.ts';
import { checkDisk, checkMemory, checkNode, checkWritable } from '../../../src/doctor/check-machine.ts';
import { checkCache, checkClock, checkDns, judgeClock } from '../../../src/doctor/check-network.ts';
import { checkApiPort, checkSshPort } from '../../../src/doctor/check-orchestrator.ts';
import { allChecks } from '../../../src/doctor/checks.ts';
import { examine, worstOf } from '../../../src/doctor/examine.ts';
import type { Check, CheckedFinding } from '../../../src/doctor/finding.ts';
import { nexus } from '../../fixtures/cli.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';
import { programMissing } from '../../fixtures/terminal.ts';

const look = (check: Check) => check.look(new AbortController().signal);
const verdict = async (check: Check) => (await look(check)).verdict;

/** No Engine listens there. */
const noEngine = new Engine(new Docker({ socketPath: '/nowhere/docker.sock' }));

async function serve(answer: RequestListener): Promise<AsyncDisposable & { url: string; port: number }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ port, url: `http://127.0.0.1:${port}` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

const gib = 2 ** 30;

describe('The doctor', () => {
  it('knows which Node.js is too old', async () => {
    assert.equal(await verdict(checkNode()), 'pass');
    assert.deepEqual(
      await Promise.all(
        ['18.20.0', '20.18.9', '20.19.0', '22.0.0'].map((version) => verdict(checkNode(version))),
      ),
      ['fail', 'fail', 'pass', 'pass'],
    );
  });

  it('compares the memory with what the VM takes', async () => {
    const config = readConfig({ NEXUS_VM_MEMORY: '4G' });
    const of = (total: number, free: number) =>
      verdict(checkMemory(config, total * gib, Promise.resolve(free * gib)));
    assert.deepEqual(await Promise.all([of(16, 8), of(16, 2), of(3, 2)]), ['pass', 'warn', 'fail']);
    assert.match((await look(checkMemory(config))).what, /GiB free, \d+ cores; the VM takes 4G/);
  });

  it('looks at the disk of a folder that is not there yet, and whether it can be made', async () => {
    await using folder = await tempFolder();
    const { what } = await look(checkDisk('disk', 'Disk', folder.file('not', 'yet')));
    assert.match(what, /GiB free at .*not\/yet$/);
    assert.equal(await verdict(checkWritable(readConfig({}, folder.path))), 'pass');
    await writeFile(folder.file('file'), '');
    const inFile = await look(checkWritable(readConfig({ NEXUS_DATA: folder.file('file', 'data') })));
    assert.equal(inFile.verdict, 'fail');
    assert.deepEqual(await folder.names(), ['file'], 'it has made nothing');
  });

  it('warns of an Engine or a Compose that is not there, and says what to do', async () => {
    const engine = await look(checkEngine(noEngine));
    assert.equal(engine.verdict, 'warn');
    assert.match(engine.what, /No Docker Engine answers/);
    assert.match(engine.advice ?? '', /Start Docker/);
    assert.match((await look(checkCompose('no-such-program'))).what, /there is no program no-such-program/);
  });

  it('fails when there is nothing to build with', async function () {
    const vm = readConfig({ NEXUS_BUILDER: 'docker-vm' });
    assert.equal(await verdict(checkBuilder(vm, noEngine)), 'fail');
    skipUnless(this, await builderMissing());
    const own = readConfig({ NEXUS_BUILDER: 'this-machine' });
    assert.match((await look(checkBuilder(own, noEngine))).what, /takes this machine/);
    assert.equal(await verdict(checkThisMachine(own)), 'pass');
  });

  it('proves KVM by booting, and believes no device', async function () {
    await using folder = await tempFolder();
    const options = { engine: noEngine, machine: async () => undefined };
    assert.match(
      (await look(checkKvm({ ...options, device: folder.file('kvm') }))).what,
      /there is no .*kvm/,
    );
    skipUnless(
      this,
      await programMissing(process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64'),
    );
    await writeFile(folder.file('kvm'), '');
    const emulated = await look(checkKvm({ ...options, device: folder.file('kvm'), accelerator: 'tcg' }));
    assert.deepEqual([emulated.verdict, emulated.what], ['pass', 'a guest has run under it']);
  });

  it('reads from the kernel whether KVM may be nested', async () => {
    await using folder = await tempFolder();
    assert.match((await look(checkNestedKvm(folder.path))).what, /no KVM module/);
    await mkdir(folder.file('kvm_amd', 'parameters'), { recursive: true });
    for (const [value, expected] of [
      ['1\n', 'pass'],
      ['Y\n', 'pass'],
      ['0\n', 'warn'],
      ['N\n', 'warn'],
    ] as const) {
      await writeFile(join(folder.path, 'kvm_amd', 'parameters', 'nested'), value);
      assert.equal(await verdict(checkNestedKvm(folder.path)), expected);
    }
  });

  it('tells a Nix cache from a login page and from nobody', async () => {
    await using cache = await serve((_request, reply) => reply.end('StoreDir: /nix/store\nPriority: 40\n'));
    await using portal = await serve((_request, reply) => reply.writeHead(302, { location: '/login' }).end());
    assert.equal(await verdict(checkCache(cache.url)), 'pass');
    assert.match((await look(checkCache(portal.url))).what, /status 302, not as a Nix cache/);
    assert.match((await look(checkCache('http://127.0.0.1:49151'))).what, /does not answer: ECONNREFUSED/);
    assert.equal(await verdict(checkDns('http://localhost')), 'pass');
    assert.match(
      (await look(checkDns('http://no-such-host.invalid'))).what,
      /no-such-host\.invalid is not found/,
    );
  });

  it('judges the clock by what others say', async () => {
    await using cache = await serve((_request, reply) => reply.end());
    assert.equal(await verdict(checkClock(cache.url)), 'pass');
    const inAnHour = await look(checkClock(cache.url, () => Date.now() + 3_600_000));
    assert.equal(inAnHour.verdict, 'fail');
    assert.match(inAnHour.what, /^3600 s ahead|^3599 s ahead/);
    assert.deepEqual(
      [0, -4000, 30_000, -30_000, 200_000].map((ms) => judgeClock(ms).verdict),
      ['pass', 'pass', 'warn', 'warn', 'fail'],
    );
    assert.equal(await verdict(checkClock('http://127.0.0.1:49151')), 'warn');
  });

  it('tells an orchestrator from somebody else on its port', async function () {
    await using other = await serve((_request, reply) => reply.end('hello'));
    const taken = await look(checkApiPort(readConfig({ NEXUS_PORT: String(other.port) })));
    assert.deepEqual([taken.verdict, /EADDRINUSE/.test(taken.what)], ['fail', true]);
    assert.equal(await verdict(checkApiPort(readConfig({ NEXUS_URL: other.url }))), 'fail');
    assert.equal(await verdict(checkApiPort(readConfig({ NEXUS_PORT: '0' }))), 'pass');
    assert.equal(await verdict(checkSshPort(readConfig({ NEXUS_VM_SSH_PORT: String(other.port) }))), 'warn');
    skipUnless(this, await builderMissing());
    await using orchestrator = await TestOrchestrator.start();
    const ours = await look(checkApiPort(readConfig({ NEXUS_URL: orchestrator.running.url })));
    assert.match(ours.what, /an orchestrator 0\.1\.0 answers/);
  });

  it('goes on when a check cannot look, and gives the findings in order', async () => {
    const checks: Check[] = [
      { id: 'late', title: 'Late', look: async () => ({ verdict: 'pass', what: 'done' }) },
      { id: 'broken', title: 'Broken', look: async () => Promise.reject(new Error('no eyes')) },
      { id: 'unsure', title: 'Unsure', look: async () => ({ verdict: 'warn', what: 'perhaps' }) },
    ];
    const findings: CheckedFinding[] = [];
    for await (const finding of examine(checks)) findings.push(finding);
    assert.deepEqual(
      findings.map(({ id, verdict, what }) => [id, verdict, what]),
      [
        ['late', 'pass', 'done'],
        ['broken', 'fail', 'no eyes'],
        ['unsure', 'warn', 'perhaps'],
      ],
    );
    assert.equal(worstOf(findings), 'fail');
    assert.equal(worstOf(findings.slice(2)), 'warn');
    assert.equal(worstOf([]), 'pass');
  });

  it('prints every finding, as text or JSON, without an orchestrator, and its status says whether builds can work', async () => {
    await using folder = await tempFolder();
    const options = { cwd: folder.path, settings: { NEXUS_PORT: '0' } };
    const [text, json] = await Promise.all([
      nexus(['doctor'], options),
      nexus(['doctor', '--json'], options),
    ]);
    const reply = z
      .object({
        verdict: z.enum(['pass', 'warn', 'fail']),
        findings: z.array(
          z.object({
            id: z.string(),
            title: z.string(),
            verdict: z.enum(['pass', 'warn', 'fail']),
            what: z.string(),
          }),
        ),
      })
      .parse(JSON.parse(json.stdout));
    const ids = allChecks(readConfig({}, folder.path)).map(({ id }) => id);
    assert.deepEqual(
      reply.findings.map(({ id }) => id),
      ids,
    );
    assert.equal(json.status, reply.verdict === 'fail' ? 1 : 0);
    assert.equal(text.status, json.status, text.stdout);
    for (const { title } of reply.findings) assert.ok(text.stdout.includes(`${title}: `), title);
    assert.match(text.stdout, /\d+ pass, \d+ warn, \d+ fail\n$/);
    assert.deepEqual(await folder.names(), []);
  });
});
