import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { checkBoot } from '../../src/boot/check-boot.ts';
import type { BootMachine, BootOrder, BootPlace } from '../../src/boot/machine.ts';
import { bootContainers } from '../../src/builders/docker-vm/boot-container.ts';
import { Engine } from '../../src/builders/docker-vm/engine.ts';
import { installationId, sweepContainers } from '../../src/builders/docker-vm/installation.ts';
import { dataPaths } from '../../src/paths.ts';
import { loadOrMakeKeys, type SshKeys } from '../../src/transport/ssh-keys.ts';
import { bootSector } from '../fixtures/boot-sector.ts';
import { type TempFolder, tempFolder } from '../fixtures/temp-folder.ts';
import { fixtures } from './compose-project.ts';
import { requireEndToEnd } from './requirements.ts';

describe('An image that is booted in a container', function () {
  this.timeout(3 * 60_000);
  let folder: TempFolder;
  let keys: SshKeys;
  let place: BootPlace;
  let order: BootOrder;
  const engine = new Engine();
  const signal = new AbortController().signal;

  before(async function () {
    await requireEndToEnd(this);
    await execa(join(fixtures, 'build.sh'), ['vm-image'], { stdout: 'inherit', stderr: 'inherit' });
    folder = await tempFolder();
    keys = await loadOrMakeKeys(dataPaths(folder.file('data')));
    place = bootContainers({
      engine,
      image: 'nexus-test/qemu:7.48',
      owner: async () => installationId(keys),
    });
    order = {
      ...{
        image: folder.file('disk.img'),
        format: 'raw',
        firmware: 'bios',
        architecture: 'x86_64',
        memory: 128,
      },
      ...{ network: false, restarts: false, credentials: {} },
    };
    await writeFile(order.image, bootSector('\r\nnixos login: '));
  });

  after(() => folder?.[Symbol.asyncDispose]());

  const containers = async () => {
    const label = `label=io.nexus-builder.installation=${installationId(keys)}`;
    return (await execa('docker', ['ps', '--all', '--quiet', '--filter', label])).stdout;
  };

  it('is judged by its console, and seen', async () => {
    await place.check(order);
    const { verdict, why, serial, screenshot } = await checkBoot({ place, order, limitMs: 60_000, signal });
    assert.equal(verdict, 'booted', why);
    assert.match(serial, /nixos login: $/);
    assert.equal(screenshot?.subarray(1, 4).toString(), 'PNG');
    assert.equal(await containers(), '', 'a container was left');
  });

  it('tells what QEMU says when it ends', async () => {
    const broken = { ...order, format: 'qcow2' } as const;
    await assert.rejects(
      checkBoot({ place, order: broken, limitMs: 60_000, signal }),
      /QEMU ended with status 1: .*qcow2/s,
    );
    assert.equal(await containers(), '', 'a container was left');
  });

  it('is no leftover while it runs', async () => {
    const machine: BootMachine = await place.start(order, signal);
    try {
      assert.equal((await sweepContainers(engine, keys)).removed, 0);
      assert.notEqual(await containers(), '');
    } finally {
      await machine[Symbol.asyncDispose]();
    }
  });

  it('is refused where the Engine has another processor', async () => {
    await assert.rejects(place.check({ ...order, architecture: 'aarch64' }), /the image is for aarch64/);
  });
});
