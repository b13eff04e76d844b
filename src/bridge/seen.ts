import { createHash } from 'node:crypto';

/** More than any `pipe_out` holds; beyond it the oldest are forgotten. */
const most = 200_000;

/**
 * What has been told already. `pipe_out` is read from its start again when it is another file, or after a reboot that
 * may have taken its last lines with it; whole lines tell old from new even where a `seq` was used twice.
 */
export class Seen {
  readonly #hashes = new Set<string>();

  /** True the first time. */
  add(text: string): boolean {
    const hash = createHash('sha256').update(text).digest('base64').slice(0, 16);
    if (this.#hashes.has(hash)) return false;
    this.#hashes.add(hash);
    if (this.#hashes.size > most) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    for (const oldest of this.#hashes) {
      this.#hashes.delete(oldest);
      return;
    }
  }
}
