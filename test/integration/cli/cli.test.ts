import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { buildSchema } from '../../../src/builds/build.ts';
import { ApiClient } from '../../../src/cli/api-client.ts';
import { packSource } from '../../../src/cli/pack-source.ts';
import { builderStatus } from '../../../src/http/schemas.ts';
import { shellQuote } from '../../../src/transport/shell-quote.ts';
import { Cli, type CliResult, nexus } from '../../fixtures/cli.ts';
import { nexusWords } from '../../fixtures/compiled.ts';
import { fails } from '../../fixtures/fails.ts';
import { skipUnless, within } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { TcpProxy } from '../../fixtures/tcp-proxy.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));

const idOf = (text: string) => /\b\d{8}-\d{6}-[0-9a-f]{4}\b/.exec(text)?.[0] ?? '';

/** Ended with this status, said this to the person, and nothing to programs. */
function refused({ status, stdout, stderr }: CliResult, expected: number, ...said: RegExp[]): void {
  assert.equal(status, expected, stderr);
  for (const text of said) assert.match(stderr, text);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack trace');
}

describe('nexus, before it talks to anybody', () => {
  let folder: TempFolder;

  before(async () => {
    folder = await tempFolder();
    await mkdir(folder.file('empty'));
    await mkdir(folder.file('config'));
    await writeFile(folder.file('config', 'configuration.nix'), '{ }');
    await writeFile(folder.file('one.nix'), '{ }');
  });
  after(async () => folder?.[Symbol.asyncDispose]());

  // Whoever asks nobody needs no orchestrator; this one would not answer.
  const settings = { NEXUS_URL: 'http://127.0.0.1:49151', NEXUS_TOKEN: '0123456789abcdef' };
  const run = (...args: string[]) => nexus(args, { settings, cwd: folder.path });

  const wrong: [what: string, args: string[], ...said: RegExp[]][] = [
    ['no command', [], /Usage: nexus/],
    ['an unknown command', ['biuld'], /unknown command/, /Did you mean build/],
    ['an unknown flag', ['build', '--varient', 'iso'], /unknown option/, /Did you mean --variant/],
    ['an unknown variant', ['build', 'config', '--variant', 'isso'], /variant “isso”/, /iso/],
    ['a builder that does not exist', ['build', '--builder', 'cloud'], /docker-vm/],
    ['a missing path', ['build', 'nowhere'], /nowhere cannot be read/],
    ['a folder without a configuration', ['build', 'empty'], /empty has no configuration.nix/],
    ['a missing script', ['run', 'nowhere.sh'], /nowhere.sh cannot be read/],
    ['flags that exclude each other', ['build', 'one.nix', '--variant', 'iso', '--attr', 'a'], /exclude/],
    ['a size that is none', ['build', 'config', '--disk-size', 'much'], /20G/],
  ];
  for (const [what, args, ...said] of wrong) {
    it(`ends with 2 for ${what}`, async () => refused(await run(...args), 2, ...said));
  }

  it('ends with 2 for wrong settings, naming all of them', async () => {
    const result = await nexus(['list'], {
      settings: { NEXUS_PORT: 'x', NEXUS_BULIDER: 'auto', NEXUS_TOKEN: 'short' },
      cwd: folder.path,
    });
    refused(result, 2, /NEXUS_PORT=x/, /NEXUS_BULIDER: no such setting/, /NEXUS_TOKEN=…/);
  });

  it('writes a configuration to start from, and never over one that is there', async () => {
    const written = await run('init', 'new folder', '--hostname', 'web');
    assert.deepEqual([written.status, written.stdout], [0, 'new folder/configuration.nix\n']);
    const text = await readFile(folder.file('new folder', 'configuration.nix'), 'utf8');
    assert.match(text, /networking\.hostName = "web";/);
    refused(await run('init', 'new folder'), 2, /exists already, and stays as it is/);
    assert.equal(await readFile(folder.file('new folder', 'configuration.nix'), 'utf8'), text);
    refused(await run('init', 'other', '--hostname', 'a"b'), 2, /cannot be the name of a machine/);
  });

  it('ends with 1 when nobody answers, and says where', async () => {
    refused(await run('list'), 1, /http:\/\/127\.0\.0\.1:49151 does not answer: ECONNREFUSED/);
  });

  it('ends with 0 after --help and --version, which go to standard output', async () => {
    const [help, version] = await Promise.all([run('build', '--help'), run('--version')]);
    assert.deepEqual([help.status, version.status], [0, 0]);
    assert.match(help.stdout, /Usage: nexus build/);
    assert.equal(version.stdout, '0.1.0\n');
  });
});

describe('nexus', () => {
  let orchestrator: TestOrchestrator;
  let folder: TempFolder;

  before(async function () {
    skipUnless(this, await builderMissing());
    orchestrator = await TestOrchestrator.start();
    folder = orchestrator.folder;
  });
  after(async () => orchestrator?.[Symbol.asyncDispose]());

  const settings = (url = orchestrator.running.url) => ({
    NEXUS_URL: url,
    NEXUS_TOKEN: orchestrator.running.token,
  });
  const run = (...args: string[]) => nexus(args, { settings: settings(), cwd: folder.path });
  const start = (...args: string[]) => new Cli(args, { settings: settings(), cwd: folder.path });

  async function script(name: string, text: string): Promise<string> {
    await writeFile(folder.file(name), text);
    return name;
  }

  it('builds, says on standard output where the image is, and everything else on standard error', async () => {
    const built = await run('build', join(examples, 'smoke'));
    assert.equal(built.status, 0, built.stderr);
    const id = idOf(built.stderr);
    assert.equal(built.stdout, `artifacts/smoke-${id}/smoke.img\n`);
    assert.ok((await readFile(folder.file(built.stdout.trim()))).includes('NEXUS-SMOKE-OK'));
    assert.match(built.stderr, /Built smoke in \d+ s/);
    assert.match(built.stderr, /512 B, sha256 [0-9a-f]{64}/);
    assert.equal(
      built.stderr,
      stripVTControlCharacters(built.stderr),
      'no cursor movements without a terminal',
    );
  });

  it('prints the finished build as JSON', async () => {
    const built = await run('build', join(examples, 'smoke', 'default.nix'), '--name', 'named', '--json');
    assert.equal(built.status, 0, built.stderr);
    const build = buildSchema.parse(JSON.parse(built.stdout));
    assert.deepEqual([build.state, build.request.name], ['succeeded', 'named']);
  });

  it('builds a folder that is a link', async () => {
    await symlink(join(examples, 'smoke'), folder.file('linked'));
    const built = await run('build', 'linked');
    assert.equal(built.status, 0, built.stderr);
    assert.match(built.stdout, /^artifacts\/linked-.*\/smoke\.img\n$/);
  });

  it('runs a script, shows its output, and ends with 1 when it fails, saying why', async () => {
    const failed = await run(
      'run',
      await script('_ fails.sh', 'echo some output; echo to stderr >&2; exit 3'),
    );
    refused(failed, 1, /some output\nto stderr/, /failed with status 3/, /nexus logs \d{8}-/);
    const json = await run('run', '--json', await script('fails.sh', 'exit 3'));
    assert.equal(json.status, 1);
    assert.equal(buildSchema.parse(JSON.parse(json.stdout)).error?.code, 'build-failed');
  });

  it('lists, shows, logs, cancels and fetches', async () => {
    const detached = await run(
      'run',
      '-d',
      await script('work.sh', 'echo hello; echo x > x.txt; nexus-artifact x.txt'),
    );
    assert.equal(detached.status, 0, detached.stderr);
    const id = detached.stdout.trim();
    assert.equal(id, idOf(id));
    await orchestrator.ended(id);
    const [list, show, logs, fetched, cancel, json] = await Promise.all([
      run('list'),
      run('show', id),
      run('logs', id),
      run('fetch', id, '-o', 'fetched'),
      run('cancel', id),
      run('list', '--json'),
    ]);
    assert.match(list.stdout, new RegExp(`^ID +NAME +STATE.*\\n${id}  work +succeeded`));
    assert.match(show.stdout, /state +succeeded/);
    assert.equal(logs.stdout, 'hello\n');
    assert.match((await run('watch', id)).stderr, /Built work in/);
    assert.equal(fetched.stdout, 'fetched/x.txt\n');
    assert.equal(await readFile(folder.file('fetched', 'x.txt'), 'utf8'), 'x\n');
    assert.match(cancel.stderr, /had already ended: succeeded/);
    assert.equal(buildSchema.array().parse(JSON.parse(json.stdout))[0]?.id, id);
  });

  it('ends with 1 for a build that does not exist, and suggests one that does', async () => {
    const { id } = await orchestrator.ended((await orchestrator.script('true')).id);
    refused(await run('show', `${id}x`), 1, new RegExp(`Did you mean ${id}`));
  });

  it('ends with 1 when the token is wrong', async () => {
    const wrong = { ...settings(), NEXUS_TOKEN: '0123456789abcdef' };
    refused(await nexus(['list'], { settings: wrong, cwd: folder.path }), 1, /no valid token/, /nexus token/);
  });

  it('ends with 2 when the orchestrator refuses the request', async () => {
    await writeFile(folder.file('ok.sh'), 'true');
    refused(await run('run', 'ok.sh', '--name', '../up'), 2, /must begin with a letter/);
    await mkdir(folder.file('links'));
    await symlink('/etc/passwd', folder.file('links', 'passwd'));
    await writeFile(folder.file('links', 'default.nix'), '{ }');
    refused(await run('build', 'links'), 2, /passwd/, /leads out/);
    refused(await run('build', join(examples, 'smoke'), '--nixpkgs', 'somewhere'), 2, /names no nixpkgs/);
  });

  for (const [what, args] of [
    ['build with its output', ['run']],
    ['build without it', ['build']],
  ] as const) {
    it(`detaches from a ${what} on Ctrl-C with 130 and a hint, and the build goes on`, async () => {
      const go = folder.file(`go-${what.length}`);
      const wait = `nexus-phase waiting; until [ -e '${go}' ]; do sleep 0.05; done`;
      const first = await orchestrator.script(wait);
      await orchestrator.inPhase(first.id, 'waiting');
      await using cli =
        args[0] === 'run'
          ? start('run', await script('after.sh', 'echo after'))
          : start('build', join(examples, 'smoke'), '--rebuild');
      await cli.untilSays(/waiting for its turn/);
      cli.interrupt();
      const { status, stderr, stdout } = await cli.ended();
      assert.equal(status, 130, stderr);
      assert.equal(stdout, '');
      const id = idOf(stderr);
      assert.match(
        stderr,
        new RegExp(`the build goes on.*nexus watch ${id}.*nexus logs ${id}.*nexus cancel ${id}`),
      );
      assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack trace');
      await writeFile(go, '');
      assert.equal((await orchestrator.ended(id)).state, 'succeeded');
    });
  }

  it('detaches from nexus logs on Ctrl-C with 130', async () => {
    const build = await orchestrator.script('echo shown; sleep 30');
    await using cli = start('logs', build.id);
    await cli.untilSays(/shown/);
    cli.interrupt();
    assert.equal((await cli.ended()).status, 130);
    await orchestrator.client.cancel(build.id);
  });

  it('says that a build was cancelled, and ends with 1', async () => {
    await using cli = start('run', await script('long.sh', 'echo shown; sleep 30'));
    await cli.untilSays(/shown/);
    const cancel = await run('cancel', idOf(cli.stderr));
    assert.equal(cancel.status, 0, cancel.stderr);
    refused(await cli.ended(), 1, /was cancelled/);
  });

  it('goes on with a log where it was when the connection breaks', async () => {
    const { port } = new URL(orchestrator.running.url);
    await using proxy = await TcpProxy.to(Number(port));
    const go = folder.file('go-log');
    const build = await orchestrator.script(
      `echo first; until [ -e '${go}' ]; do sleep 0.05; done; echo last`,
    );
    const client = new ApiClient(`http://127.0.0.1:${proxy.port}`, orchestrator.running.token);
    let text = '';
    const read = async () => {
      for await (const chunk of client.log(build.id, { follow: true })) text += chunk.toString();
    };
    const reading = read();
    await until('the first line', () => text.includes('first') || undefined);
    proxy.cut();
    await writeFile(go, '');
    await within('the end of the log', reading);
    assert.equal(text, 'first\nlast\n');
  });

  it('ends with 1 and without a stack trace when the orchestrator goes away', async () => {
    await using own = await TestOrchestrator.start();
    const env = { NEXUS_URL: own.running.url, NEXUS_TOKEN: own.running.token };
    await writeFile(own.folder.file('long.sh'), 'echo shown; sleep 30');
    await using cli = new Cli(['run', 'long.sh'], { settings: env, cwd: own.folder.path });
    await cli.untilSays(/shown/);
    await own.stop();
    refused(await cli.ended(), 1);
  });

  it('ends quietly when nobody reads its output any more', async () => {
    const build = await orchestrator.ended((await orchestrator.script('seq 300000')).id);
    const words = `${shellQuote([...nexusWords, 'logs', build.id])} | head -n 1`;
    const shell = spawn('bash', ['-c', `set -o pipefail; ${words}`], {
      env: { ...process.env, ...settings() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    shell.stderr.on('data', (chunk) => {
      said += chunk;
    });
    await within('the pipeline', once(shell, 'close'));
    assert.doesNotMatch(said, /EPIPE|^ {4}at /m);
  });

  it('says that a file changed while it was sent', async () => {
    await mkdir(folder.file('changing'));
    await writeFile(folder.file('changing', 'large'), Buffer.alloc(50_000_000));
    const { tar } = await packSource({ folder: folder.file('changing') });
    const changing = Readable.from(
      (async function* () {
        for await (const chunk of tar) {
          await truncate(folder.file('changing', 'large'), 10);
          yield chunk;
        }
      })(),
    );
    await fails(orchestrator.client.uploadSource(changing), 'source-missing', /cannot be packed/);
  });

  it('starts, shows and stops the builder', async () => {
    const started = await run('builder', 'start');
    assert.equal(started.status, 0, started.stderr);
    assert.match(started.stdout, /builder +this-machine\nstate +ready\nmachine +\S+-linux, \d+ cores/);
    const [status, json] = await Promise.all([run('builder', 'status'), run('builder', 'status', '--json')]);
    assert.equal(status.stdout, started.stdout);
    assert.equal(builderStatus.parse(JSON.parse(json.stdout)).kind, 'this-machine');
    assert.match((await run('builder', 'stop')).stdout, /state +absent/);
  });

  it('refuses a download that is damaged, and leaves nothing of it', async () => {
    const build = await orchestrator.ended((await orchestrator.script('echo x > x; nexus-artifact x')).id);
    const [artifact] = build.artifacts;
    assert.equal(artifact?.sha256, createHash('sha256').update('x\n').digest('hex'));
    await writeFile(artifact?.path ?? '', 'y\n');
    refused(await run('fetch', build.id, '-o', 'damaged'), 1, /should have sha256/);
    assert.deepEqual(await readdir(folder.file('damaged')), []);
  });
});
