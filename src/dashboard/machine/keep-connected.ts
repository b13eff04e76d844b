import { api } from '../api/api.ts';
import { LostError } from '../api/call.ts';
import { connection, untilRegained } from '../api/connection.ts';

/** `refused`: the server answers, but no WebSocket comes about. */
export type LineState = 'connecting' | 'connected' | 'lost' | 'refused' | 'ended';

export interface LineOptions {
  /** The machine. */
  id: string;
  signal: AbortSignal;
  onState: (state: LineState) => void;
}

/** Resolves when the connection has ended, or did not come about. */
export type Connect = (signal: AbortSignal, onConnected: () => void) => Promise<void>;

const pauseMs = 1000;
/** So often in a row: then a proxy in between, or the browser, lets none through. */
const mostFailures = 3;

/** Connects to a machine again and again until it has ended; waits for a server that is lost. */
export async function keepConnected(connect: Connect, { id, signal, onState }: LineOptions): Promise<void> {
  const say = (state: LineState) => !signal.aborted && onState(state);
  let failures = 0;
  say('connecting');
  while (!signal.aborted) {
    failures += 1;
    await connect(signal, () => {
      failures = 0;
      say('connected');
    });
    if (signal.aborted) return;
    const machine = await stateOf(id);
    if (machine === 'ended') return void say('ended');
    if (machine === 'unknown') {
      say('lost');
      await untilRegained();
      if (connection.value !== 'online') return;
      failures = 0;
    } else if (failures >= mostFailures) return void say('refused');
    else if (failures === 0) say('lost');
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** What has become of a machine, or that nobody can tell. */
async function stateOf(id: string): Promise<'running' | 'ended' | 'unknown'> {
  try {
    const { boots } = await api.boots();
    return boots.some((boot) => boot.id === id && boot.ended === null) ? 'running' : 'ended';
  } catch (error) {
    if (error instanceof LostError) return 'unknown';
    throw error;
  }
}

/** The address of a WebSocket; older browsers want it whole. */
export function socketAddress(path: string): URL {
  const address = new URL(path, location.href);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  return address;
}
