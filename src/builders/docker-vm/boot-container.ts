import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { extract } from 'tar-stream';
import { programFor, qemuArguments, type Socket, sockets, uefiOfVmImage } from '../../boot/guest.ts';
import type { BootMachine, BootOrder, BootPlace } from '../../boot/machine.ts';
import { CleanUp } from '../../clean-up.ts';
import { messageOf, NexusError } from '../../errors.ts';
import { machineOf } from './architecture.ts';
import { archive } from './archive.ts';
import type { Container, Engine } from './engine.ts';
import { bootLabel, thisRun } from './installation.ts';
import { probeKvm } from './probe-kvm.ts';
import { ownerLabel } from './vm-container.ts';

export interface BootContainersOptions {
  engine: Engine;
  /** Image of the VM container, which has QEMU and its firmware; the default is that of the builder VM. */
  image: string | undefined;
  /** Id of this installation. */
  owner: () => Promise<string>;
  onPull?: (detail: string) => void;
}

const folder = '/run/nexus-boot';

/** Boots images in containers of the VM image: QEMU need not be installed, and the Engine may be on another machine. */
export function bootContainers({
  engine,
  image,
  owner,
  onPull = () => {},
}: BootContainersOptions): BootPlace {
  const machineHere = async ({ architecture }: BootOrder) => {
    const machine = machineOf({ image }, await engine.architecture());
    if (machine.architecture === architecture) return machine;
    throw new NexusError(
      'boot-unavailable',
      `The Docker Engine runs on ${machine.architecture} and the image is for ${architecture}`,
      { hint: 'Boot it on a machine of its own kind.' },
    );
  };
  return {
    async check(order) {
      await engine.ping();
      await machineHere(order);
    },
    async start(order, signal) {
      await using cleanUp = new CleanUp();
      const machine = await machineHere(order);
      await engine.ensureImage(machine.image, onPull, signal);
      const id = await owner();
      const { works: kvm } = await probeKvm(engine, { machine, owner: id, signal });
      const inside = `/boot-image.${order.format}`;
      const uefi = order.firmware === 'uefi' ? uefiOfVmImage(order.architecture) : undefined;
      const qemu = qemuArguments({ ...order, image: inside, kvm }, folder, uefi);
      const container = await engine.create({
        Image: machine.image,
        Labels: { [ownerLabel]: id, [bootLabel]: thisRun },
        Entrypoint: ['sh', '-c', 'mkdir -p "$0" && exec "$@"', folder, programFor(order.architecture)],
        Cmd: qemu,
        HostConfig: {
          NetworkMode: order.network ? 'bridge' : 'none',
          Devices: kvm
            ? [{ PathOnHost: '/dev/kvm', PathInContainer: '/dev/kvm', CgroupPermissions: 'rwm' }]
            : [],
          LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
        },
      });
      cleanUp.defer(() => container.remove());
      await container.unpack(
        archive([{ name: inside.slice(1), mode: 0o600, content: { file: order.image } }]),
      );
      signal.throwIfAborted();
      await container.start();
      const booting = watchEnd(container);
      await untilItListens(container, booting, signal);
      return bootMachine(container, booting, cleanUp.move());
    },
  };
}

function watchEnd(container: Container): AbortSignal {
  const gone = new AbortController();
  const watch = async () => {
    const status = await container.wait();
    const said = await container.logTail(5).catch(messageOf);
    gone.abort(new NexusError('boot-ended', `QEMU ended with status ${status}${said && `: ${said.trim()}`}`));
  };
  watch().catch((error) =>
    gone.abort(new NexusError('boot-ended', `The container was lost: ${messageOf(error)}`)),
  );
  return gone.signal;
}

async function untilItListens(container: Container, ended: AbortSignal, signal: AbortSignal): Promise<void> {
  const check = `for _ in $(seq 100); do test -S "$0" && exit; sleep 0.1; done; exit 1`;
  const path = `${folder}/${sockets.vnc}`;
  while ((await orItsEnd(container.run(['sh', '-c', check, path]), ended)) !== 0) {
    signal.throwIfAborted();
    ended.throwIfAborted();
  }
}

/** What fails because the machine has just ended is told by its end, which we hear of a moment later. */
async function orItsEnd<T>(work: Promise<T>, ended: AbortSignal): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!ended.aborted) await Promise.race([once(ended, 'abort'), sleep(2000)]);
    ended.throwIfAborted();
    throw error;
  }
}

function bootMachine(container: Container, ended: AbortSignal, cleanUp: CleanUp): BootMachine {
  return {
    folder,
    ended,
    connect: (name: Socket) =>
      orItsEnd(container.open(['nc', '-q', '0', '-U', `${folder}/${sockets[name]}`]), ended),
    read: (name) => readFile(container, `${folder}/${name}`),
    [Symbol.asyncDispose]: () => cleanUp[Symbol.asyncDispose](),
  };
}

async function readFile(container: Container, path: string): Promise<Buffer> {
  const unpacked = extract();
  const packed = await container.pack(path);
  packed.on('error', (error: Error) => unpacked.destroy(error));
  packed.pipe(unpacked);
  for await (const entry of unpacked) {
    const parts: Buffer[] = [];
    for await (const chunk of entry) parts.push(chunk as Buffer);
    return Buffer.concat(parts);
  }
  throw new Error(`the container has no ${path}`);
}
