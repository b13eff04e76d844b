import { type KvmProbe, kvmProbe } from '../../boot/kvm-probe.ts';
import { messageOf } from '../../errors.ts';
import { waitAtMost } from '../../transport/signals.ts';
import type { Machine } from './architecture.ts';
import { archive } from './archive.ts';
import type { Container, Engine } from './engine.ts';
import { ownerLabel } from './vm-container.ts';

export type KvmVerdict = { works: true } | { works: false; why: string };

const probeMs = 15_000;

/** Boots something under KVM in the VM image: a present /dev/kvm proves nothing, a guest that ran does. */
export async function probeKvm(
  engine: Engine,
  { machine, owner, signal }: { machine: Machine; owner: string; signal?: AbortSignal },
): Promise<KvmVerdict> {
  const probe = kvmProbe(machine.architecture);
  let container: Container | undefined;
  try {
    container = await engine.create({
      Image: machine.image,
      Labels: { [ownerLabel]: owner },
      Entrypoint: [probe.program],
      Cmd: probe.args,
      HostConfig: {
        NetworkMode: 'none',
        Devices: [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rwm' }],
      },
    });
    await container.unpack(archive([{ name: 'probe.img', mode: 0o600, content: probe.code }]));
    await container.start();
    return await verdict(container, probe, signal);
  } catch (error) {
    signal?.throwIfAborted();
    return { works: false, why: messageOf(error) };
  } finally {
    await container?.remove();
  }
}

async function verdict(
  container: Container,
  { provenStatus }: KvmProbe,
  signal?: AbortSignal,
): Promise<KvmVerdict> {
  const end = container.wait();
  if (!(await waitAtMost(end, probeMs, signal))) return { works: false, why: 'a guest hangs under it' };
  const status = await end;
  if (status === provenStatus) return { works: true };
  return { works: false, why: (await container.logTail(3)).trim() || `QEMU ended with status ${status}` };
}
