import type { Build } from './build.ts';

/** A build that wants a place. */
export interface Entry {
  id: string;
  name: string;
  /** The higher the sooner. */
  priority: number;
  createdAt: string;
}

export function entryOf({ id, request, createdAt }: Build): Entry {
  return { id, name: request.name, priority: request.priority ?? 0, createdAt };
}

/** Room for one build on the builder; given back once, however often `leave` is called. */
export interface Place {
  leave(): void;
}

/** What of each name runs, and at which of all turns one of it was last given a place. */
export interface Served {
  running: ReadonlyMap<string, number>;
  turn: ReadonlyMap<string, number>;
}

/**
 * Who is next: the highest priority; then the name of which the fewest run, so that a hundred builds of one name
 * do not keep out all others; then the name that was served longest ago; then who came first.
 */
export function chooseNext<E extends Entry>(waiting: Iterable<E>, served: Served): E | undefined {
  let next: E | undefined;
  for (const entry of waiting) if (!next || compare(entry, next, served) < 0) next = entry;
  return next;
}

function compare(a: Entry, b: Entry, { running, turn }: Served): number {
  return (
    b.priority - a.priority ||
    (running.get(a.name) ?? 0) - (running.get(b.name) ?? 0) ||
    (turn.get(a.name) ?? 0) - (turn.get(b.name) ?? 0) ||
    a.createdAt.localeCompare(b.createdAt) ||
    a.id.localeCompare(b.id)
  );
}

/** Gives places on the builder, so many at a time. */
export class Queue {
  readonly #slots: number;
  readonly #waiting = new Map<Entry, () => void>();
  readonly #running = new Set<Entry>();
  readonly #turn = new Map<string, number>();
  #turns = 0;
  /** The ids in the order in which they would be served, until something changes. */
  #order: string[] | undefined;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** Waits for a place. @throws the signal's reason when it aborts first. */
  async enter(entry: Entry, signal: AbortSignal): Promise<Place> {
    signal.throwIfAborted();
    let giveUp = () => {};
    const turn = new Promise<void>((resolve, reject) => {
      giveUp = () => {
        this.#waiting.delete(entry);
        this.#order = undefined;
        reject(signal.reason);
      };
      this.#waiting.set(entry, resolve);
    });
    this.#order = undefined;
    signal.addEventListener('abort', giveUp, { once: true });
    // Those that come in the same moment, as after a restart, are compared before the first is chosen.
    setImmediate(() => this.#fill());
    try {
      await turn;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return this.#place(entry);
  }

  /** Gives a place at once, for a build that is on the builder already. */
  claim(entry: Entry): Place {
    this.#take(entry);
    return this.#place(entry);
  }

  /** How many are served before this one is; nothing when it does not wait. */
  ahead(id: string): number | undefined {
    this.#order ??= this.#foresee();
    const index = this.#order.indexOf(id);
    return index === -1 ? undefined : this.#running.size + index;
  }

  #fill(): void {
    while (this.#running.size < this.#slots) {
      const next = chooseNext(this.#waiting.keys(), this.#served());
      if (!next) return;
      const enter = this.#waiting.get(next);
      this.#waiting.delete(next);
      this.#take(next);
      enter?.();
    }
  }

  #take(entry: Entry): void {
    this.#running.add(entry);
    this.#turns += 1;
    this.#turn.set(entry.name, this.#turns);
    this.#order = undefined;
  }

  #place(entry: Entry): Place {
    return {
      leave: () => {
        if (!this.#running.delete(entry)) return;
        this.#order = undefined;
        this.#fill();
      },
    };
  }

  #served(): { running: Map<string, number>; turn: Map<string, number> } {
    const running = new Map<string, number>();
    for (const { name } of this.#running) running.set(name, (running.get(name) ?? 0) + 1);
    return { running, turn: this.#turn };
  }

  #foresee(): string[] {
    const waiting = new Set(this.#waiting.keys());
    const served = { ...this.#served(), turn: new Map(this.#turn) };
    const order: string[] = [];
    for (let next = chooseNext(waiting, served); next; next = chooseNext(waiting, served)) {
      waiting.delete(next);
      order.push(next.id);
      served.turn.set(next.name, this.#turns + order.length);
    }
    return order;
  }
}
