import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long a browser stays logged in. */
export const sessionSeconds = 7 * 24 * 3600;

/** How long a login code is good for, once. */
const codeMs = 5 * 60_000;

/**
 * Who may use the API: whoever has the token, and browsers that were given a session for it.
 *
 * A session is its own end in time under a MAC keyed by the token. So a restarted orchestrator knows it again, another
 * token ends them all, and the token itself is in no browser's keeping.
 */
export class Access {
  /** Cookies are shared by all ports of a host, so each token has a name of its own. */
  readonly cookieName: string;
  readonly #token: string;
  readonly #codes = new Map<string, number>();

  constructor(token: string) {
    this.#token = token;
    this.cookieName = `nexus_session_${this.#mac('name').slice(0, 8)}`;
  }

  acceptsToken(given: string): boolean {
    return isEqual(given, this.#token);
  }

  newSession(now = Date.now()): string {
    const session = `${Math.floor(now / 1000) + sessionSeconds}.${randomBytes(16).toString('base64url')}`;
    return `${session}.${this.#mac(session)}`;
  }

  acceptsSession(cookie: string, now = Date.now()): boolean {
    const [ends = '', nonce = '', mac = ''] = cookie.split('.');
    return isEqual(mac, this.#mac(`${ends}.${nonce}`)) && Number(ends) * 1000 > now;
  }

  /** A short-lived stand-in for the token that works once, for an address to click on. */
  newCode(now = Date.now()): string {
    for (const [code, ends] of this.#codes) if (ends <= now) this.#codes.delete(code);
    const code = randomBytes(24).toString('base64url');
    this.#codes.set(code, now + codeMs);
    return code;
  }

  takeCode(given: string, now = Date.now()): boolean {
    const ends = this.#codes.get(given);
    this.#codes.delete(given);
    return ends !== undefined && ends > now;
  }

  #mac(text: string): string {
    return createHmac('sha256', this.#token).update(`nexus session ${text}`).digest('base64url');
  }
}

/** Takes the same time whatever is different. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
