import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import { firmwareOf } from '../../../src/boot/image-facts.ts';
import { formatOf } from '../../../src/boot/image-format.ts';
import { bootSector } from '../../fixtures/boot-sector.ts';
import { skipUnless } from '../../fixtures/limits.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

const esp = 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B';
const biosBoot = '21686148-6449-6E6F-744E-656564454649';
const linux = '0FC63DAF-8483-4772-8E79-3D69D8477DE4';

const missing = async (program: string) => {
  const { failed } = await execa(program, ['--version'], { reject: false });
  return failed ? `${program} is missing` : undefined;
};

describe('What an image says of its firmware', () => {
  let folder: TempFolder;

  before(async function () {
    for (const program of ['sfdisk', 'qemu-img', 'xorriso']) skipUnless(this, await missing(program));
    folder = await tempFolder();
  });

  after(() => folder?.[Symbol.asyncDispose]());

  const disk = async (types: readonly string[]) => {
    const file = folder.file(`${types.length}-${types[0]}.img`);
    await writeFile(file, '');
    await truncate(file, 64 * 1024 * 1024);
    const input = ['label: gpt', ...types.map((type) => `size=8MiB, type=${type}`)].join('\n');
    await execa('sfdisk', ['--quiet', file], { input });
    return file;
  };

  const convert = async (file: string, ...options: string[]) => {
    const to = `${file}${options.join('')}.qcow2`;
    await execa('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', ...options, file, to]);
    return to;
  };

  it('is UEFI for a disk with an EFI partition only, in every form of it', async () => {
    const file = await disk([esp, linux]);
    assert.equal(await firmwareOf(file, 'raw'), 'uefi');
    assert.equal(await firmwareOf(await convert(file), 'qcow2'), 'uefi');
    assert.equal(await firmwareOf(await convert(file, '-c'), 'qcow2'), 'uefi');
  });

  it('is BIOS for a disk with a place for GRUB, also beside an EFI partition', async () => {
    const file = await disk([biosBoot, esp, linux]);
    assert.equal(await firmwareOf(file, 'raw'), 'bios');
    assert.equal(await firmwareOf(await convert(file, '-c'), 'qcow2'), 'bios');
  });

  it('is BIOS for a disk without a partition table', async () => {
    const file = folder.file('sector.img');
    await writeFile(file, bootSector('x'));
    assert.equal(await firmwareOf(file, 'raw'), 'bios');
    assert.equal(await firmwareOf(await convert(file), 'qcow2'), 'bios');
  });

  it('is UEFI for an ISO with an EFI boot image, and BIOS for one without', async () => {
    const tree = folder.file('tree');
    await mkdir(tree, { recursive: true });
    await writeFile(`${tree}/bios.img`, Buffer.alloc(2048));
    await writeFile(`${tree}/efi.img`, Buffer.alloc(2048));
    const bios = ['-b', 'bios.img', '-no-emul-boot', '-boot-load-size', '4'];
    const efi = ['-eltorito-alt-boot', '-e', 'efi.img', '-no-emul-boot'];
    const make = async (name: string, boot: string[]) => {
      await execa('xorriso', ['-as', 'mkisofs', '-quiet', '-o', folder.file(name), ...boot, tree]);
      return firmwareOf(folder.file(name), 'iso');
    };
    assert.equal(await make('bios.iso', bios), 'bios');
    assert.equal(await make('both.iso', [...bios, ...efi]), 'uefi');
    assert.equal(await make('efi.iso', ['-e', 'efi.img', '-no-emul-boot']), 'uefi');
  });

  it('knows what a machine boots by its name', () => {
    assert.equal(formatOf('nixos.ISO'), 'iso');
    assert.equal(formatOf('disk.vhd'), 'vpc');
    assert.equal(formatOf('system.tar.xz'), undefined);
    assert.equal(formatOf('kernel'), undefined);
  });
});
