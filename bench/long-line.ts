import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CleanUp } from '../src/clean-up.ts';

const run = promisify(execFile);
const program = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** What keeps this machine from having a line of our own, if anything does. */
export async function longLineMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'only root can make a network';
  try {
    await access('/dev/net/tun', constants.R_OK | constants.W_OK);
    return undefined;
  } catch {
    return 'there is no /dev/net/tun';
  }
}

export interface LongLineOptions {
  /** There and back. */
  roundTripMs: number;
  /** The part of the packets that is lost, in either direction. */
  loss: number;
}

/**
 * A network of its own at the end of a long line. Network, line and addresses live only as long as the processes that
 * hold them, which do not outlive us, however we end.
 */
export class LongLine implements AsyncDisposable {
  /** The address at its far end. */
  readonly host: string;
  /** Runs a program there. */
  readonly wrapper: readonly string[];
  readonly #cleanUp: CleanUp;

  private constructor(host: string, wrapper: readonly string[], cleanUp: CleanUp) {
    this.host = host;
    this.wrapper = wrapper;
    this.#cleanUp = cleanUp;
  }

  static async make({ roundTripMs, loss }: LongLineOptions): Promise<LongLine> {
    await using cleanUp = new CleanUp();
    const network = await start(cleanUp, ['unshare', '--net', 'sh', '-c', 'echo ready; exec cat']);
    const [near, far] = [`nxn${process.pid}`, `nxf${process.pid}`];
    const line = [process.execPath, program('long-line.mjs'), String(roundTripMs / 2), String(loss)];
    await start(cleanUp, ['perl', program('tun-devices.pl'), near, far, ...line]);
    // 198.18.0.0/15 is set aside for measuring networks: RFC 2544.
    const at = (last: number) => `198.18.${process.pid % 256}.${last}`;
    const there = ['nsenter', `--net=/proc/${network.pid}/ns/net`] as const;
    const ip = (...words: string[]) => run('ip', words);
    const ipThere = (...words: string[]) => run(there[0], [there[1], 'ip', ...words]);
    await ip('link', 'set', far, 'netns', String(network.pid));
    await ip('address', 'add', at(1), 'peer', at(2), 'dev', near);
    await ip('link', 'set', near, 'up');
    await ipThere('address', 'add', at(2), 'peer', at(1), 'dev', far);
    await ipThere('link', 'set', far, 'up');
    // As most systems have it, whatever this one has; what counts is who sends.
    await ipThere('route', 'replace', at(1), 'dev', far, 'src', at(2), 'congctl', 'cubic');
    return new LongLine(at(2), there, cleanUp.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp[Symbol.asyncDispose]();
  }
}

/** Starts a program that says when it is ready. */
async function start(cleanUp: CleanUp, command: string[]): Promise<ChildProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  cleanUp.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ready = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!ready) throw new Error(`${command.join(' ')} ended`);
  return child;
}
