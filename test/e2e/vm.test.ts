import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { putSettings } from '../../src/builders/vm-settings/put-settings.ts';
import { runChecked } from '../../src/transport/run-checked.ts';
import { repository } from './compose-project.ts';
import { describeDashboard } from './dashboard-of-vm.ts';
import { iso } from './iso.ts';
import { requireEndToEnd } from './requirements.ts';
import { VmOrchestrator } from './vm-orchestrator.ts';

/** Nothing but the guest may ever have it. */
const secret = 'ghp-nexus-test-secret-4711';
/** Room for a boot that hangs, and the one after it, on a busy machine. */
const bootMs = 8 * 60_000;

describe('a booted system that was made from vm/', function () {
  this.timeout(bootMs);
  let nexus: VmOrchestrator;

  before(async function () {
    await requireEndToEnd(this);
    nexus = await VmOrchestrator.make();
    await writeSettings(nexus);
    await nexus.start({
      NEXUS_VM_BOOT: await iso('guest'),
      NEXUS_VM_SETTINGS: nexus.folder.file('settings'),
    });
  });

  after(() => nexus?.[Symbol.asyncDispose]());

  describeDashboard(() => nexus);

  describe('its settings', () => {
    it('are those of Nix in every build', async () => {
      const config = await nexus.run(`nix show-config | grep -E '^(substituters|builders) '`);
      assert.match(config, /^substituters =.* https:\/\/cache\.example\.org/m);
      assert.match(config, /^builders = @\/etc\/nix\/machines$/m);
      assert.match(await nexus.run('cat /etc/nix/machines'), /^ssh-ng:\/\/root@builder\.example\.org /);
    });

    it('give every build its proxies', async () => {
      assert.equal(await nexus.run('echo "$http_proxy"'), 'http://proxy.example.org:3128\n');
    });

    it('let Nix reach a remote store by the keys and known hosts in them', async () => {
      await nexus.run(`nix store ping --store 'ssh-ng://root@127.0.0.1?ssh-key=/etc/nix/ssh/builder'`);
    });

    it('are readable for root only', async () => {
      const modes = await nexus.run(
        'stat -c "%a %U %n" /etc/nix/nexus.conf /etc/nix/machines /etc/nexus/environment /etc/nix/ssh /etc/nix/ssh/*',
      );
      assert.deepEqual(modes.trim().split('\n').sort(), [
        '600 root /etc/nexus/environment',
        '600 root /etc/nix/machines',
        '600 root /etc/nix/nexus.conf',
        '600 root /etc/nix/ssh/builder',
        '600 root /etc/nix/ssh/known_hosts',
        '700 root /etc/nix/ssh',
      ]);
    });

    it('are told by name when the name means nothing', () => {
      assert.match(nexus.log, /Settings of unknown names are left out.*"netrc"/);
      assert.doesNotMatch(nexus.log, /"README\.md"/);
    });

    it('leave their secrets nowhere else', async () => {
      const inTheGuest = await nexus.run(
        'sed -n "s/.*github.com=//p" /etc/nix/nexus.conf > pattern\n' +
          'test "$(wc -c < pattern)" -gt 10\n' +
          '{ journalctl --no-pager; ps -eo args; systemctl show "nexus-build@*"; } | grep -cFf pattern || true\n' +
          'rm pattern',
      );
      assert.equal(inTheGuest, '0\n');
      const { stdout: inspected } = await execa('docker', ['inspect', nexus.name]);
      const { stdout: console_ } = await execa('docker', ['logs', nexus.name], { all: true });
      const { stdout: processes } = await execa('ps', ['-eo', 'args']);
      for (const shown of [inspected, console_, processes, nexus.log]) {
        assert.ok(shown.length > 0);
        assert.ok(!shown.includes(secret));
      }
      for (const entry of await readdir(nexus.folder.file('data'), {
        recursive: true,
        withFileTypes: true,
      })) {
        if (!entry.isFile()) continue;
        const content = await readFile(join(entry.parentPath, entry.name));
        assert.ok(!content.includes(secret), `${entry.name} has the secret`);
      }
    });

    it('go from the VM when they are gone here, and nothing else does', async () => {
      await using guest = await nexus.connect();
      await runChecked(guest, ['touch', '/etc/nix/ssh/of-somebody-else']);
      await putSettings(guest, [
        { name: 'machines', path: '/etc/nix/machines', content: Buffer.from('# none\n') },
      ]);
      assert.equal(
        await nexus.run('cd /etc; ls -d nix/* nix/ssh/* nexus/*; cat nix/machines'),
        'nexus/settings\nnix/machines\nnix/nix.conf\nnix/ssh\nnix/ssh/of-somebody-else\n# none\n',
      );
    });

    it('come beside keys that the guest has rules for itself, and do no harm there', async () => {
      const states = await nexus.run(
        'systemctl is-active systemd-tmpfiles-setup\njournalctl --no-pager -u systemd-tmpfiles-setup | grep -E "ssh|/root" || true',
      );
      assert.equal(states, 'active\n');
    });
  });
});

async function writeSettings({ folder, keys }: VmOrchestrator): Promise<void> {
  await mkdir(folder.file('settings', 'ssh'), { recursive: true });
  const files = {
    'README.md': 'What may be here.',
    'nix.conf': `extra-substituters = https://cache.example.org\naccess-tokens = github.com=${secret}\n`,
    machines: 'ssh-ng://root@builder.example.org aarch64-linux /etc/nix/ssh/builder 4 1\n',
    environment: 'http_proxy=http://proxy.example.org:3128\n',
    'ssh/builder': keys.client.privateKey,
    'ssh/known_hosts': `127.0.0.1 ${keys.host.publicKey}`,
    netrc: 'machine cache.example.org password nothing',
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(folder.file('settings', name), content);
  }
}

describe('a booted system that was not made from vm/', function () {
  this.timeout(bootMs);
  let nexus: VmOrchestrator;

  before(async function () {
    await requireEndToEnd(this);
    nexus = await VmOrchestrator.make();
    await mkdir(nexus.folder.file('settings'));
    await writeFile(nexus.folder.file('settings', 'nix.conf'), 'connect-timeout = 7\n');
    await writeFile(nexus.folder.file('settings', 'environment'), 'GREETING=hello\n');
    await nexus.start({
      NEXUS_VM_BOOT: await iso('foreign'),
      NEXUS_VM_SETTINGS: nexus.folder.file('settings'),
    });
  });

  after(() => nexus?.[Symbol.asyncDispose]());

  it('gets the watcher, and the user is told what such a system costs', () => {
    assert.match(nexus.log, /the Nix store of the booted system is in memory/);
  });

  it('builds examples/smoke', async () => {
    const { state, artifacts, error } = await nexus.buildFolder(join(repository, 'examples', 'smoke'));
    assert.deepEqual({ state, error }, { state: 'succeeded', error: null });
    const disk = await readFile(artifacts[0]?.path ?? '');
    assert.equal(disk.length, 512);
    assert.ok(disk.includes('NEXUS-SMOKE-OK'));
  });

  it('gets the programs that it lacks from nixpkgs', async () => {
    const paths = await nexus.run('command -v inotifywait; readlink -f "$(command -v inotifywait)"');
    assert.match(paths, /^\/nix\/var\/nix\/profiles\/default\/bin\/inotifywait\n\/nix\/store\//);
  });

  it('has the settings in force', async () => {
    const settings = await nexus.run(
      'echo "$GREETING"; nix show-config | grep -E "^(connect-timeout|builders|experimental-features) "',
    );
    assert.match(settings, /^hello$/m);
    assert.match(settings, /^connect-timeout = 7$/m);
    assert.match(settings, /^builders = @\/etc\/nix\/machines$/m);
    assert.match(settings, /flakes/);
  });

  it('keeps the pipe on the store disk', async () => {
    assert.match(
      await nexus.run('findmnt --noheadings --output FSTYPE,LABEL /nexus_bootstrap'),
      /^ext4 +nexus-pipe$/m,
    );
  });

  it('can be prepared again, and a disk with something else on it is left alone', async () => {
    await using guest = await nexus.connect();
    const prepare = 'bash /run/nexus/foreign/prepare /usr/share/nexus-test/nixpkgs';
    const again = await runChecked(guest, ['bash', '-c', prepare]);
    assert.doesNotMatch(again, /formatting|getting/);
    const other = `disk=$(findmnt --noheadings --output SOURCE /nexus_bootstrap)
systemctl stop nexus-watcher
e2label "$disk" of-another
umount --lazy /nexus_bootstrap
${prepare}
blkid -p -s LABEL -o value "$disk"
mountpoint --quiet /nexus_bootstrap || echo not mounted`;
    const left = await runChecked(guest, ['bash', '-ec', other]);
    assert.match(left, /nexus warning: the store disk has something of another system on it/);
    assert.match(left, /^of-another\nnot mounted\n$/m);
  });
});
