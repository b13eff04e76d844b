/** Whether the other end can be reached at present; a line that breaks is being mended meanwhile. */
export class Reach {
  readonly #listeners = new Set<() => void>();
  #since: Date | null = null;
  #why: string | null = null;

  get unreachableSince(): Date | null {
    return this.#since;
  }

  /** What the last attempt failed with. */
  get why(): string | null {
    return this.#why;
  }

  /** Calls `listener` when it begins and when it ends; returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  break(why: string): void {
    this.#why = why;
    if (this.#since) return;
    this.#since = new Date();
    this.#changed();
  }

  mend(): void {
    if (!this.#since) return;
    [this.#since, this.#why] = [null, null];
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
