import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { watcherPrograms } from '../../fixtures/watcher.ts';

const run = promisify(execFile);

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'nexus-install-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

/** A tool that only looks at the sources may be missing on a developer's machine, but not in CI. */
async function requireTool(context: Mocha.Context, name: string): Promise<void> {
  const found = await run(name, ['--version']).then(
    () => true,
    () => false,
  );
  if (found || process.env.CI) return;
  console.log(`        left out: ${name} is not installed`);
  context.skip();
}

const install = (...args: string[]) => run(join(watcherPrograms, 'install'), args);

describe('vm/watcher/install', () => {
  it('puts programs and units below a root, and names them without it', async () => {
    await using folder = await temporaryFolder();
    await install('--prefix', '/usr/libexec/nexus', '--units', '/etc/systemd/system', '--root', folder.path);
    const programs = join(folder.path, 'usr/libexec/nexus');
    const units = join(folder.path, 'etc/systemd/system');
    for (const name of [
      'nexus-watcher',
      'nexus-run',
      'nexus-end',
      'commands/nexus-phase',
      'commands/nexus-cancel',
    ]) {
      assert.equal((await stat(join(programs, name))).mode & 0o777, 0o755);
    }
    for (const name of ['nexus-watcher.service', 'nexus-build@.service']) {
      const unit = await readFile(join(units, name), 'utf8');
      assert.match(unit, /^ExecStart=\/usr\/libexec\/nexus\//m);
      assert.doesNotMatch(unit, /@libexec@|nexus-install-/);
    }
    assert.deepEqual((await readdir(join(programs, 'commands'))).sort(), [
      'nexus-artifact',
      'nexus-cancel',
      'nexus-phase',
    ]);
  });

  it('explains itself when it is called wrongly', async () => {
    for (const args of [
      [],
      ['--prefix', '/x'],
      ['--prefix', 'relative', '--units', '/x'],
      ['--other', '/x'],
      ['--prefix'],
    ]) {
      await assert.rejects(install(...args), (error: { code?: number; stderr?: string }) => {
        assert.equal(error.code, 2);
        assert.match(String(error.stderr), /^usage: install/);
        return true;
      });
    }
  });

  it('makes units that systemd understands', async function () {
    await requireTool(this, 'systemd-analyze');
    await using folder = await temporaryFolder();
    await install('--prefix', join(folder.path, 'libexec'), '--units', join(folder.path, 'units'));
    const units = ['nexus-watcher.service', 'nexus-build@.service'].map((name) =>
      join(folder.path, 'units', name),
    );
    const { stderr } = await run('systemd-analyze', ['verify', ...units]);
    assert.equal(stderr, '');
  });

  it('installs programs that shellcheck finds no fault with', async function () {
    await requireTool(this, 'shellcheck');
    const names = await readdir(watcherPrograms, { recursive: true, withFileTypes: true });
    const files = names
      .filter((entry) => entry.isFile() && !/\.service$|^\./.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name));
    assert.ok(files.length >= 12);
    const prepare = join(watcherPrograms, '..', 'foreign', 'prepare');
    await run('shellcheck', ['-x', ...files, prepare]);
  });
});
