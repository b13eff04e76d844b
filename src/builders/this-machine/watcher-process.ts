import { spawn } from 'node:child_process';
import { environmentForPrograms } from '../../config.ts';
import { NexusError } from '../../errors.ts';
import { nixEnvironment } from './nix.ts';

export interface WatcherProcess extends AsyncDisposable {
  /** Aborts when the watcher has ended by itself; the reason holds its last words. */
  readonly lost: AbortSignal;
  /** The last it has printed. */
  tail(): string;
}

const keptCharacters = 4000;
const stopMs = 10_000;

/** Starts the watcher in plain mode. */
export async function startWatcher(program: string, root: string): Promise<WatcherProcess> {
  // Were we killed, a watcher that outlives us would serve the folder for nobody and keep the next one out. In the
  // moment before setpriv has said so it looks for its parent itself.
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...(await nixEnvironment(environmentForPrograms())),
      ...{ NEXUS_BOOTSTRAP: root, NEXUS_MODE: 'plain', NEXUS_PARENT: String(process.pid) },
    },
    // Ctrl-C in the terminal reaches the whole group; when the watcher goes is ours to say.
    detached: true,
  });
  const gone = new AbortController();
  let said = '';
  const keep = (chunk: Buffer) => {
    said = (said + chunk).slice(-keptCharacters);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise<void>((resolve) => {
    const end = (how: string, cause?: unknown) => {
      gone.abort(
        new NexusError('watcher-failed', `The watcher ${how}: ${said.trim() || 'it said nothing'}`, {
          cause,
        }),
      );
      resolve();
    };
    child.once('error', (error) => end('could not be started', error));
    child.once('close', (status, signal) => end(`ended with ${signal ?? `status ${status}`}`));
  });
  return {
    lost: gone.signal,
    tail: () => said,
    async [Symbol.asyncDispose]() {
      if (gone.signal.aborted) return;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await ended;
      clearTimeout(kill);
    },
  };
}
