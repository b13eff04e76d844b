import { lookup } from 'node:dns/promises';
import { messageOf, systemCodeOf } from '../errors.ts';
import { anySignal } from '../transport/signals.ts';
import { type Check, type Finding, fail, pass, warn } from './finding.ts';

export const nixCache = 'https://cache.nixos.org';

const answerMs = 10_000;

export function checkDns(url = nixCache): Check {
  return {
    ...{ id: 'dns', title: 'DNS' },
    async look() {
      const { hostname } = new URL(url);
      try {
        const { address } = await lookup(hostname);
        return pass(`${hostname} is ${address}`);
      } catch (error) {
        return fail(`${hostname} is not found: ${systemCodeOf(error) ?? messageOf(error)}`, noNetwork);
      }
    },
  };
}

const noNetwork =
  'Builds of NixOS fetch from there. Check the network and its DNS; behind a proxy, or with a cache of your own, see settings/README.md.';

export function checkCache(url = nixCache): Check {
  return {
    ...{ id: 'cache', title: 'Nix cache' },
    async look(signal) {
      const startedAt = Date.now();
      try {
        const reply = await ask(url, signal);
        const text = await reply.text();
        if (reply.ok && text.includes('StoreDir:'))
          return pass(`${url} answers in ${Date.now() - startedAt} ms`);
        return fail(
          `${url} answers with status ${reply.status}, not as a Nix cache`,
          'Something on the way answers in its stead: a proxy or a login page?',
        );
      } catch (error) {
        return fail(`${url} does not answer: ${reasonOf(error)}`, noNetwork);
      }
    },
  };
}

/** Nix and TLS trust nothing from the future; the VM takes its clock from this machine. */
export function checkClock(url = nixCache, now = Date.now): Check {
  return {
    ...{ id: 'clock', title: 'Clock' },
    async look(signal) {
      try {
        const before = now();
        const date = (await ask(url, signal)).headers.get('date');
        // The header has whole seconds, and was written somewhere between the two moments.
        return date
          ? judgeClock((before + now()) / 2 - Date.parse(date) - 500)
          : warn('nobody told the time');
      } catch (error) {
        return warn(`nobody told the time: ${reasonOf(error)}`);
      }
    },
  };
}

export function judgeClock(aheadMs: number): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds <= 5) return pass('right');
  const what = `${seconds} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
  const advice = 'Set it by the network: sudo timedatectl set-ntp true';
  return seconds > 120 ? fail(what, advice) : warn(what, advice);
}

function ask(url: string, signal: AbortSignal): Promise<Response> {
  const limit = anySignal(signal, AbortSignal.timeout(answerMs));
  return fetch(`${url}/nix-cache-info`, { signal: limit, redirect: 'manual' });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return systemCodeOf(cause) ?? messageOf(cause);
}
