import { messageOf } from '../../errors.ts';
import { waitAtMost } from '../../transport/signals.ts';
import { archive } from './archive.ts';
import type { Container, Engine } from './engine.ts';
import { ownerLabel } from './vm-container.ts';

export type KvmVerdict = { works: true } | { works: false; why: string };

/**
 * A boot sector that writes 0x10 to QEMU's isa-debug-exit port, whereupon QEMU ends with status 0x10 << 1 | 1:
 *   mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
 */
const bootSector = Buffer.alloc(512);
Buffer.from([0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4]).copy(bootSector);
bootSector.writeUInt16LE(0xaa55, 510);
const provenStatus = 33;

const probeMs = 15_000;

/** Boots something under KVM in the VM image: a present /dev/kvm proves nothing, a guest that ran does. */
export async function probeKvm(
  engine: Engine,
  { image, owner, signal }: { image: string; owner: string; signal?: AbortSignal },
): Promise<KvmVerdict> {
  let container: Container | undefined;
  try {
    container = await engine.create({
      Image: image,
      Labels: { [ownerLabel]: owner },
      Entrypoint: ['qemu-system-x86_64'],
      Cmd: [
        ...['-accel', 'kvm', '-cpu', 'host', '-m', '16', '-nodefaults', '-display', 'none', '-no-reboot'],
        ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
        ...['-drive', 'file=/probe.img,format=raw,if=ide'],
      ],
      HostConfig: {
        NetworkMode: 'none',
        Devices: [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rwm' }],
      },
    });
    await container.unpack(archive([{ name: 'probe.img', mode: 0o600, content: bootSector }]));
    await container.start();
    return await verdict(container, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return { works: false, why: messageOf(error) };
  } finally {
    await container?.remove();
  }
}

async function verdict(container: Container, signal?: AbortSignal): Promise<KvmVerdict> {
  const end = container.wait();
  if (!(await waitAtMost(end, probeMs, signal))) return { works: false, why: 'a guest hangs under it' };
  const status = await end;
  if (status === provenStatus) return { works: true };
  return { works: false, why: (await container.logTail(3)).trim() || `QEMU ended with status ${status}` };
}
