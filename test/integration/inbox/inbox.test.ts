import assert from 'node:assert/strict';
import { mkdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { skipUnless } from '../../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../../fixtures/orchestrator.ts';
import { until } from '../../fixtures/watcher.ts';

/** A derivation that writes a file. */
const nixFile = (content: string) => `let
  static = /bin/bash-static;
  shell = if builtins.pathExists static then builtins.path { path = static; } else "/bin/sh";
in derivation {
  name = "dropped"; system = builtins.currentSystem; builder = shell; args = [ "-c" "echo ${content} > $out" ];
}`;

class TestInbox implements AsyncDisposable {
  readonly nexus: TestOrchestrator;

  private constructor(nexus: TestOrchestrator) {
    this.nexus = nexus;
  }

  static async open(): Promise<TestInbox> {
    return new TestInbox(await TestOrchestrator.start({ NEXUS_INBOX: 'inbox', NEXUS_INBOX_SETTLE: '1' }));
  }

  file(...names: string[]): string {
    return join(this.nexus.config.inbox ?? '', ...names);
  }

  /** The report on an entry, once it says this. */
  report(name: string, says: RegExp): Promise<string> {
    return until(`${says} in the report on ${name}`, async () => {
      const text = await readFile(this.file(`${name}.report.md`), 'utf8').catch(() => '');
      return says.test(text) ? text : undefined;
    });
  }

  async names(): Promise<string[]> {
    return (await this.nexus.client.list()).map(({ request }) => request.name);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.nexus[Symbol.asyncDispose]();
  }
}

describe('The inbox', () => {
  before(async function () {
    skipUnless(this, await builderMissing());
  });

  it('builds what is dropped once it has stopped changing, and tells of it beside it', async () => {
    await using inbox = await TestInbox.open();
    await mkdir(inbox.file('my folder'));
    await writeFile(inbox.file('my folder', 'default.nix'), '{ half');
    await writeFile(inbox.file('my folder', 'default.nix'), nixFile('hello'));
    const report = await inbox.report('my folder', /: built/);
    assert.match(report, /dropped/);
    const result = await until('the link', () =>
      readlink(inbox.file('my folder.result')).catch(() => undefined),
    );
    assert.equal(await readFile(join(result, 'dropped'), 'utf8'), 'hello\n');
    assert.deepEqual(await inbox.names(), ['my-folder']);
  });

  it('builds again when the content changes, not when it is touched, and not after a restart', async () => {
    await using inbox = await TestInbox.open();
    await writeFile(inbox.file('a.nix'), nixFile('one'));
    await inbox.report('a.nix', /: built/);
    await inbox.nexus.stop();
    await utimes(inbox.file('a.nix'), 1, 1);
    await inbox.nexus.start();
    await writeFile(inbox.file('b.nix'), nixFile('other'));
    await inbox.report('b.nix', /: built/);
    assert.deepEqual(await inbox.names(), ['b', 'a']);
    await writeFile(inbox.file('a.nix'), nixFile('two'));
    await until('a third build', async () => (await inbox.names()).length === 3 || undefined);
  });

  it('takes options from a nexus.yaml, and explains one that is wrong until it is changed', async () => {
    await using inbox = await TestInbox.open();
    await writeFile(inbox.file('a.nexus.yaml'), 'nmae: other');
    await writeFile(inbox.file('a.nix'), nixFile('one'));
    const report = await inbox.report('a.nix', /not built/);
    assert.match(report, /nmae: no such option; did you mean name\?/);
    assert.deepEqual(await inbox.names(), []);
    await writeFile(inbox.file('a.nexus.yaml'), 'name: other\nlimits: { time: 1h }');
    await inbox.report('a.nix', /: built/);
    const [build] = await inbox.nexus.client.list();
    assert.deepEqual([build?.request.name, build?.request.limits], ['other', { time: 3600 }]);
  });

  it('explains what fails, and does not try it again', async () => {
    await using inbox = await TestInbox.open();
    await writeFile(inbox.file('bad.nix'), '{\n  a = undefinedName;\n}\n');
    const report = await inbox.report('bad.nix', /: failed/);
    assert.match(report, /undefined variable 'undefinedName'/);
    await writeFile(inbox.file('good.nix'), nixFile('x'));
    await inbox.report('good.nix', /: built/);
    assert.deepEqual(await inbox.names(), ['good', 'bad']);
  });

  it('takes no link, no way out of the inbox, and nothing that is not meant', async () => {
    await using inbox = await TestInbox.open();
    await symlink('/etc', inbox.file('etc'));
    await mkdir(inbox.file('escape'));
    await writeFile(inbox.file('escape', 'default.nix'), nixFile('x'));
    await symlink('../../../../../../etc/passwd', inbox.file('escape', 'passwd'));
    for (const name of ['.hidden.nix', 'x.nix~', 'notes.txt'])
      await writeFile(inbox.file(name), nixFile('x'));
    assert.match(await inbox.report('etc', /not built/), /is a link/);
    assert.match(await inbox.report('escape', /not built/), /source-unsafe/);
    assert.deepEqual(await inbox.names(), []);
  });

  it('ends the build of what has changed meanwhile, and forgets what was taken out', async () => {
    await using inbox = await TestInbox.open();
    const slow = nixFile('x').replace('echo x', 'while :; do :; done; echo x');
    await writeFile(inbox.file('a.nix'), slow);
    await inbox.report('a.nix', /being built/);
    const [first] = await inbox.nexus.client.list();
    await writeFile(inbox.file('.new'), nixFile('quick'));
    await rename(inbox.file('.new'), inbox.file('a.nix'));
    await inbox.report('a.nix', /: built/);
    assert.equal((await inbox.nexus.client.show(first?.id ?? '')).state, 'cancelled');
    await rm(inbox.file('a.nix'));
    const ledger = join(inbox.nexus.config.data, 'inbox.json');
    await until('an empty ledger', async () => (await readFile(ledger, 'utf8')).trim() === '{}' || undefined);
    await writeFile(inbox.file('a.nix'), nixFile('quick'));
    await until('a third build', async () => (await inbox.names()).length === 3 || undefined);
  });
});
