import { Signal } from './signal.ts';

export type Connection = 'online' | 'lost' | 'logged-out';

/** Whether the orchestrator answers, and whether it knows us. */
export const connection = new Signal<Connection>('online');

const probeMs = 1000;
let probing: Promise<void> | undefined;

/** Says that a call found nobody; returns when somebody answers again. */
export function untilRegained(): Promise<void> {
  connection.set('lost');
  probing ??= probe().finally(() => {
    probing = undefined;
  });
  return probing;
}

async function probe(): Promise<void> {
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, probeMs));
    try {
      const reply = await fetch('/session', { signal: AbortSignal.timeout(5000), cache: 'no-store' });
      if (!reply.ok) continue;
      const { valid } = await reply.json();
      connection.set(valid === true ? 'online' : 'logged-out');
      return;
    } catch {
      // Nobody there yet: that is what we are here to wait for.
    }
  }
}
