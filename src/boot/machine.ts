import type { Duplex } from 'node:stream';
import type { Guest, Socket } from './guest.ts';

/** A QEMU that runs. Disposing kills it and removes what it had made. */
export interface BootMachine extends AsyncDisposable {
  /** Opens one of its sockets; the caller destroys what it gets. */
  connect(socket: Socket): Promise<Duplex>;
  /** Reads a file that QEMU has made in its folder. */
  read(name: string): Promise<Buffer>;
  /** The name of its folder, as QEMU sees it. */
  readonly folder: string;
  /** Aborts when QEMU has ended; the reason says how. */
  readonly ended: AbortSignal;
}

/** What is to be booted: the image lies on our side, and is put where QEMU sees it. */
export type BootOrder = Omit<Guest, 'kvm'>;

/** A place where images can be booted. */
export interface BootPlace {
  /** Rejects with the reason when it cannot work here. */
  check(order: BootOrder): Promise<void>;
  start(order: BootOrder, signal: AbortSignal): Promise<BootMachine>;
}
