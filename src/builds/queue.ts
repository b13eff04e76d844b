interface Entry {
  id: string;
  work: () => Promise<void>;
}

/** Runs one piece of work at a time, in the order they came. */
export class Queue {
  readonly #waiting: Entry[] = [];
  #running = false;

  /** `work` must not reject. */
  add(id: string, work: () => Promise<void>): void {
    this.#waiting.push({ id, work });
    void this.#drain();
  }

  /** Takes out what has not begun; false when it has. */
  remove(id: string): boolean {
    const index = this.#waiting.findIndex((entry) => entry.id === id);
    if (index !== -1) this.#waiting.splice(index, 1);
    return index !== -1;
  }

  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let entry = this.#waiting.shift(); entry; entry = this.#waiting.shift()) await entry.work();
    this.#running = false;
  }
}
