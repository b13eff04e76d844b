import { type FileHandle, open } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import type { Firmware } from './firmware.ts';
import type { ImageFormat } from './image-format.ts';

export interface ImageFacts {
  format: ImageFormat;
  firmware: Firmware;
}

/** What is looked at of a disk: partition table with its entries. */
const headBytes = 34 * 512;

/** Finds out by which firmware an image wants to be booted. An ISO with both boots by UEFI, as new machines do. */
export async function firmwareOf(file: string, format: ImageFormat): Promise<Firmware> {
  await using handle = await open(file);
  switch (format) {
    case 'iso':
      return await firmwareOfIso(handle);
    case 'raw':
      return firmwareOfDisk(await readAt(handle, 0, headBytes));
    case 'qcow2':
      return firmwareOfDisk(await headOfQcow2(handle));
    default:
      return 'bios';
  }
}

/** El Torito 1.0: the boot record in sector 17 leads to the catalogue, whose entries name their platform; 0xEF is EFI. */
async function firmwareOfIso(handle: FileHandle): Promise<Firmware> {
  const record = await readAt(handle, 17 * 2048, 2048);
  if (record.toString('latin1', 1, 6) !== 'CD001' || record[0] !== 0) return 'bios';
  const catalogue = await readAt(handle, record.readUInt32LE(0x47) * 2048, 2048);
  if (catalogue[1] === 0xef) return 'uefi';
  for (let at = 64; at < catalogue.length; at += 32) {
    const isSection = catalogue[at] === 0x90 || catalogue[at] === 0x91;
    if (isSection && catalogue[at + 1] === 0xef) return 'uefi';
  }
  return 'bios';
}

// Partition types of the UEFI specification and of GRUB, in the byte order of the disk.
const efiSystem = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const biosBoot = Buffer.from('4861682149646f6e744e656564454649', 'hex');

/** A disk with a place for GRUB's core image boots by BIOS, even when it has an EFI partition as well. */
function firmwareOfDisk(head: Buffer): Firmware {
  if (head.toString('latin1', 512, 520) !== 'EFI PART') return 'bios';
  const types = head.subarray(1024);
  const has = (type: Buffer) => {
    for (let at = 0; at + 128 <= types.length; at += 128) {
      if (types.subarray(at, at + 16).equals(type)) return true;
    }
    return false;
  };
  return has(efiSystem) && !has(biosBoot) ? 'uefi' : 'bios';
}

const offsetMask = 0x00ff_ffff_ffff_fe00n;

/** The first cluster of a qcow2 (docs/interop/qcow2.rst of QEMU), which holds the partition table. */
async function headOfQcow2(handle: FileHandle): Promise<Buffer> {
  const header = await readAt(handle, 0, 104);
  if (header.toString('latin1', 0, 4) !== 'QFI\xfb') return Buffer.alloc(headBytes);
  const clusterBits = header.readUInt32BE(20);
  const l1 = await readAt(handle, Number(header.readBigUInt64BE(40)), 8);
  const l2Offset = Number(l1.readBigUInt64BE() & offsetMask);
  if (l2Offset === 0) return Buffer.alloc(headBytes);
  const entry = (await readAt(handle, l2Offset, 8)).readBigUInt64BE();
  const compressed = ((entry >> 62n) & 1n) === 1n;
  if (!compressed) return readAt(handle, Number(entry & offsetMask), headBytes);
  const sectorsShift = BigInt(62 - (clusterBits - 8));
  const offset = Number(entry & ((1n << sectorsShift) - 1n));
  const packed = await readAt(handle, offset, 2 ** clusterBits + 512);
  return inflateHead(packed);
}

function inflateHead(packed: Buffer): Buffer {
  try {
    // What follows the compressed data in the buffer belongs to other clusters.
    return inflateRawSync(packed, { finishFlush: 2 });
  } catch {
    // Compressed with zstd, which Node.js 20 cannot read.
    return Buffer.alloc(headBytes);
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await handle.read(buffer, 0, length, position);
  return buffer;
}
