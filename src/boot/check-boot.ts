import { CleanUp } from '../clean-up.ts';
import { messageOf } from '../errors.ts';
import { plainText } from '../terminal-text.ts';
import { abortable, anySignal } from '../transport/signals.ts';
import { letRun, takeScreenshot } from './ask-machine.ts';
import { serialLog } from './guest.ts';
import type { BootMachine, BootOrder, BootPlace } from './machine.ts';
import { upMarker, upMarkerCredentials } from './up-marker.ts';

export interface CheckBootOptions {
  place: BootPlace;
  order: Omit<BootOrder, 'credentials' | 'network' | 'restarts'>;
  /** What the serial console must print; a login prompt, or the word that the system is up, unless it is given. */
  pattern?: RegExp | undefined;
  limitMs: number;
  signal: AbortSignal;
}

export interface BootVerdict {
  /** Unclear: the machine ran until the limit, and nothing told how far it came; the screenshot may. */
  verdict: 'booted' | 'failed' | 'unclear';
  /** In plain words. */
  why: string;
  seconds: number;
  /** Everything the image has printed on its serial console. */
  serial: string;
  /** PNG. */
  screenshot: Buffer | undefined;
}

/** What an image prints that will not come up any more, and what to say of it. */
const failures: readonly [RegExp, string][] = [
  // To the end of the line, which may come in pieces.
  [/Kernel panic - not syncing: ?([^\n]*)\n/, 'the kernel panicked'],
  [/You are in emergency mode|Entering emergency mode/, 'the system came up in emergency mode only'],
  [/An error occurred in stage 1 of the boot process/, 'stage 1 found no root file system'],
  [/No bootable device|BdsDxe: No bootable option/, 'the firmware found nothing to boot'],
];

const loginPrompt = /(^|\n)[^\n]*\blogin: *$/;

/** Boots a throw-away copy of an image and says how far it came. What the guest writes is forgotten. */
export async function checkBoot(options: CheckBootOptions): Promise<BootVerdict> {
  const { place, order, signal } = options;
  await using cleanUp = new CleanUp();
  const machine = cleanUp.use(
    await place.start(
      { ...order, network: false, restarts: false, credentials: upMarkerCredentials },
      signal,
    ),
  );
  const began = Date.now();
  const { verdict, why } = await watch(options, machine);
  signal.throwIfAborted();
  const seconds = Math.round((Date.now() - began) / 1000);
  const screenshot = machine.ended.aborted ? undefined : await takeScreenshot(machine);
  const serial = (await machine.read(serialLog)).toString();
  return { verdict, why, seconds, serial, screenshot };
}

type Judgement = Pick<BootVerdict, 'verdict' | 'why'>;

async function watch(
  { pattern, limitMs, signal }: CheckBootOptions,
  machine: BootMachine,
): Promise<Judgement> {
  const limit = AbortSignal.timeout(limitMs);
  const serial = await machine.connect('serial');
  let seen = '';
  try {
    const judged = new Promise<Judgement>((resolve, reject) => {
      serial.setEncoding('utf8');
      serial.on('data', (text: string) => {
        // The end is enough, and looking at all of it again and again is not.
        seen = (seen + text).slice(-20_000);
        const judgement = judge(seen, pattern);
        if (judgement) resolve(judgement);
      });
      serial.once('error', reject);
    });
    await letRun(machine);
    return await abortable(judged, anySignal(limit, machine.ended, signal));
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return outOfTime(seen, limitMs);
    const why = machine.ended.aborted ? messageOf(machine.ended.reason) : messageOf(error);
    return { verdict: 'failed', why: `the machine ended by itself: ${why}` };
  } finally {
    serial.destroy();
  }
}

/** How far the console says that the boot has come, or nothing while it does not say. */
export function judge(serial: string, pattern: RegExp | undefined): Judgement | undefined {
  const text = plainText(serial);
  if (pattern) {
    if (pattern.test(text)) return { verdict: 'booted', why: `the console printed ${pattern.source}` };
  } else {
    if (text.includes(upMarker)) return { verdict: 'booted', why: 'the system says that it is up' };
    if (loginPrompt.test(text)) return { verdict: 'booted', why: 'the console asks for a login' };
  }
  for (const [sign, why] of failures) {
    const found = sign.exec(text);
    if (found) return { verdict: 'failed', why: found[1] ? `${why}: ${found[1].trim()}` : why };
  }
  return undefined;
}

function outOfTime(serial: string, limitMs: number): Judgement {
  const within = `within ${Math.round(limitMs / 1000)} s`;
  if (serial.trim() === '') {
    return { verdict: 'unclear', why: `nothing came on the serial console ${within}; see the screenshot` };
  }
  return { verdict: 'unclear', why: `no login prompt came on the serial console ${within}` };
}
