import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execa } from 'execa';
import { bootUntil } from './boot.ts';
import { ComposeProject, fixtures, userId } from './compose-project.ts';
import { requireEndToEnd } from './requirements.ts';

describe('docker compose, from nothing to a booting image', function () {
  this.timeout(15 * 60_000);
  // Each step builds on the one before.
  this.bail(true);
  let project: ComposeProject;
  let iso: string;

  before(async function () {
    await requireEndToEnd(this);
    await execa(join(fixtures, 'build.sh'), ['all'], { stderr: 'inherit' });
    project = await ComposeProject.make();
  });

  after(async () => {
    await project?.[Symbol.asyncDispose]();
  });

  it('comes up healthy', async () => {
    await project.compose(['up', '--build', '--detach', '--wait']);
    const reply = await fetch(`http://127.0.0.1:${project.port}/health`);
    assert.match(await reply.text(), /"status":"ok"/);
  });

  it('makes the builder ISO, boots the VM and builds examples/hello-iso', async () => {
    const { stdout, stderr } = await project.nexus(['build', 'examples/hello-iso']);
    assert.match(stderr, /starting the builder \(docker-vm\), \d of \d: SSH answers/);
    iso = stdout.trim();
    assert.equal(dirname(dirname(iso)), project.artifacts);
    assert.match(basename(iso), /^nixos-.*\.iso$/);
  });

  it('delivers the image whole, with its sha256, to the owner of the folder', async () => {
    const folder = dirname(iso);
    const sums = await readFile(join(folder, 'SHA256SUMS'), 'utf8');
    assert.equal(sums, `${await sha256(iso)}  ${basename(iso)}\n`);
    assert.deepEqual((await readdir(folder)).sort(), ['SHA256SUMS', 'manifest.json', basename(iso)].sort());
    for (const path of [folder, iso, join(folder, 'manifest.json')])
      assert.equal((await stat(path)).uid, userId);
    assert.deepEqual(await readdir(project.artifacts), [basename(folder)]);
  });

  it('has built an ISO that boots by BIOS and by UEFI', async () => {
    const marker = 'NEXUS-BOOTED hostname=hello';
    const cdrom = ['-drive', `file=${iso},format=raw,media=cdrom,readonly=on`];
    await bootUntil(marker, cdrom);
    await bootUntil(marker, [
      '-drive',
      'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd',
      ...cdrom,
    ]);
  });

  it('builds a second time on the builder that is up, and the disk of one sector boots', async () => {
    const { stdout } = await project.nexus(['build', 'examples/smoke']);
    await bootUntil('NEXUS-SMOKE-OK', ['-drive', `file=${stdout.trim()},format=raw`]);
  });

  const ovmf = ['-drive', 'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE.fd'];
  const disk = (file: string, format: string) => [...ovmf, '-drive', `file=${file},format=${format}`];

  it('builds several variants in one request, by old names too, with size, name and a further module', async () => {
    const { stdout } = await project.nexus([
      ...['build', 'test/fixtures/examples/flake/server.nix', '--variant', 'iso', '--variant', 'qcow-efi'],
      ...['--disk-size', '300M', '--image-name', 'mine', '--module', 'test/fixtures/examples/module.nix'],
    ]);
    const files = stdout.trim().split('\n');
    assert.deepEqual(
      files.map((file) => basename(file)),
      ['mine.iso', 'mine.qcow2'],
    );
    const { stdout: info } = await execa('qemu-img', ['info', '--output=json', files[1] ?? '']);
    assert.equal(JSON.parse(info)['virtual-size'], 300 * 1024 * 1024);
    await bootUntil('NEXUS-BOOTED hostname=renamed', disk(files[1] ?? '', 'qcow2'));
  });

  it('builds the vm of a configuration as a disk that QEMU boots anywhere', async () => {
    const { stdout } = await project.nexus(['build', 'examples/hello-iso', '--variant', 'vm']);
    assert.equal(basename(stdout.trim()), 'hello-vm.qcow2');
    await bootUntil('NEXUS-BOOTED hostname=hello', disk(stdout.trim(), 'qcow2'));
  });

  it('builds an image of a flake, and an attribute of it converted to a compressed qcow2', async () => {
    const image = await project.nexus(['build', 'test/fixtures/examples/flake#server', '--variant', 'iso']);
    await bootUntil('NEXUS-BOOTED hostname=flake-server', [
      '-drive',
      `file=${image.stdout.trim()},format=raw,media=cdrom`,
    ]);
    const attribute = await project.nexus([
      'build',
      'test/fixtures/examples/flake#disk',
      '--convert',
      'qcow2',
    ]);
    assert.match(attribute.stdout, /\.qcow2$/);
    const sums = await readFile(join(dirname(attribute.stdout.trim()), 'SHA256SUMS'), 'utf8');
    assert.ok(sums.startsWith(await sha256(attribute.stdout.trim())));
    await bootUntil('NEXUS-BOOTED hostname=flake-server', disk(attribute.stdout.trim(), 'qcow2'));
  });

  it('refuses at once what cannot be built for another architecture, and says what can', async () => {
    const { exitCode, stderr } = await project.nexus(
      ['build', 'examples/hello-iso', '--variant', 'qemu-efi', '--system', 'aarch64-linux'],
      { reject: false },
    );
    assert.equal(exitCode, 2);
    assert.match(stderr, /does not work by emulation[\s\S]*These do: iso,/);
  });

  it('shows the VM as part of the project, and its console in the logs', async () => {
    const { stdout: running } = await project.compose(['ps', '--format', '{{.Service}}']);
    assert.deepEqual(running.split('\n').sort(), ['orchestrator', 'vm']);
    const { stdout: console_ } = await project.compose(['logs', '--no-color', 'vm']);
    assert.match(console_, /login:/);
  });

  it('keeps keys out of what the Engine shows of the VM', async () => {
    const { stdout } = await execa('docker', ['inspect', `${project.name}-vm`]);
    assert.doesNotMatch(stdout, /PRIVATE KEY|ssh-ed25519/);
    const { PortBindings } = JSON.parse(stdout)[0].HostConfig;
    assert.deepEqual(Object.keys(PortBindings), ['22/tcp']);
    assert.equal(PortBindings['22/tcp'][0].HostIp, '127.0.0.1');
  });

  it('reports a failing build with its lines and exit status 1', async () => {
    const { exitCode, stderr } = await project.nexus(['build', 'test/fixtures/examples/failing'], {
      reject: false,
    });
    assert.equal(exitCode, 1);
    assert.match(stderr, /this builder fails on purpose/);
  });

  it('ends every process of a build that is cancelled', async () => {
    const { stdout } = await project.nexus(['run', '--detach', 'test/fixtures/examples/stubborn.sh']);
    const id = stdout.trim();
    await waitForState(project, id, 'building');
    await project.nexus(['cancel', id]);
    assert.equal(await stateOf(project, id), 'cancelled');
    const { exitCode } = await project.nexus(['run', 'test/fixtures/examples/no-stubborn-left.sh'], {
      reject: false,
    });
    assert.equal(exitCode, 0);
  });

  it('takes the VM over after an orchestrator that was killed, and builds on', async () => {
    const vm = async () => {
      const asked = ['inspect', '--format', '{{.Id}} {{.State.StartedAt}}', `${project.name}-vm`];
      return (await execa('docker', asked)).stdout;
    };
    const before = await vm();
    await execa('docker', ['kill', `${project.name}-orchestrator-1`]);
    await project.compose(['up', '--detach', '--wait']);
    await project.nexus(['build', 'examples/smoke', '--rebuild']);
    assert.equal(await vm(), before);
  });

  it('stops the VM on demand', async () => {
    const { stdout } = await project.nexus(['builder', 'stop']);
    assert.match(stdout, /absent/);
    assert.deepEqual(await project.leftovers('container'), [`${project.name}-orchestrator-1`]);
  });

  it('leaves no container after down, and nothing at all after down --volumes', async () => {
    await project.nexus(['builder', 'start']);
    await project.compose(['down']);
    assert.deepEqual(await project.leftovers('container'), []);
    assert.deepEqual(await project.leftovers('network'), []);
    await project.compose(['down', '--volumes']);
    assert.deepEqual(await project.leftovers('volume'), []);
  });
});

async function stateOf(project: ComposeProject, id: string): Promise<string> {
  const { stdout } = await project.nexus(['show', id, '--json']);
  return JSON.parse(stdout).state;
}

async function waitForState(project: ComposeProject, id: string, state: string): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    if ((await stateOf(project, id)) === state) return;
  }
  throw new Error(`build ${id} did not become ${state}`);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
