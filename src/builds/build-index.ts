import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { NexusError } from '../errors.ts';
import { buildStates } from './build.ts';
import { nearest } from './nearest.ts';

const summary = z.object({
  id: z.string(),
  state: z.enum(buildStates),
  createdAt: z.string(),
  request: z.object({ name: z.string() }),
  key: z.string().nullable().default(null),
});

/** What is kept in memory of every build. */
export interface Summary {
  id: string;
  name: string;
  state: (typeof buildStates)[number];
  createdAt: string;
  key: string | null;
}

export interface BuildQuery {
  limit: number;
  /** Only builds older than this one. */
  before?: string | undefined;
  state?: Summary['state'] | Summary['state'][] | undefined;
  name?: string | undefined;
  /** Part of a name or id, in whatever case. */
  text?: string | undefined;
}

/** All builds in the order of their creation, few bytes each. */
export class BuildIndex {
  readonly #byId = new Map<string, Summary>();
  /** Oldest first. */
  #order: Summary[] = [];

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  get(id: string): Summary | undefined {
    return this.#byId.get(id);
  }

  /** Adds a build, or changes what is known of it. */
  set(summary: Summary): void {
    const known = this.#byId.get(summary.id);
    if (known) {
      known.state = summary.state;
      return;
    }
    this.#byId.set(summary.id, summary);
    const last = this.#order.at(-1);
    this.#order.push(summary);
    // The clock may have been set back.
    if (last && compare(last, summary) > 0) this.#order.sort(compare);
  }

  /** Adds many at once. */
  load(summaries: Iterable<Summary>): void {
    for (const summary of summaries) this.#byId.set(summary.id, summary);
    this.#order = [...this.#byId.values()].sort(compare);
  }

  delete(id: string): void {
    if (this.#byId.delete(id)) this.#order = this.#order.filter((summary) => summary.id !== id);
  }

  /** The newest that succeeded of all with this key. */
  succeeded(key: string): string | undefined {
    return this.#order.findLast((build) => build.key === key && build.state === 'succeeded')?.id;
  }

  /** Newest first; and whether there are more. */
  page({ limit, before, ...wanted }: BuildQuery): { ids: string[]; more: boolean } {
    const ids: string[] = [];
    const matches = matcher(wanted);
    for (let index = this.#end(before) - 1; index >= 0; index -= 1) {
      const build = this.#order[index];
      if (!build || !matches(build)) continue;
      if (ids.length === limit) return { ids, more: true };
      ids.push(build.id);
    }
    return { ids, more: false };
  }

  /** The error for an id that is none, with ids that are like it. */
  notFound(id: string): NexusError {
    const near = nearest(id, this.ids);
    return new NexusError('not-found', `There is no build ${id}`, {
      hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : '`nexus list` shows all builds.',
    });
  }

  /** Where the builds older than this one end; one that was removed still has its place in time. */
  #end(before: string | undefined): number {
    if (before === undefined) return this.#order.length;
    const exact = this.#order.findIndex(({ id }) => id === before);
    return exact !== -1 ? exact : this.#order.findLastIndex(({ id }) => id < before) + 1;
  }
}

function matcher({ state, name, text = '' }: Omit<BuildQuery, 'limit'>): (build: Summary) => boolean {
  const states = state === undefined ? undefined : [state].flat();
  const part = text.trim().toLowerCase();
  return (build) =>
    (states === undefined || states.includes(build.state)) &&
    (name === undefined || build.name === name) &&
    (build.name.toLowerCase().includes(part) || build.id.includes(part));
}

function compare(a: Summary, b: Summary): number {
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.id < b.id) ? -1 : 1;
}

/**
 * The summary of a record, when the record is whole as far as can be seen at a glance. Read without giving way to
 * others, which is four times as fast for thousands of small files: it is done once, before there are others.
 */
export function readSummary(record: string): Summary | undefined {
  try {
    const { id, state, createdAt, request, key } = summary.parse(JSON.parse(readFileSync(record, 'utf8')));
    return { id, state, createdAt, name: request.name, key };
  } catch {
    // Whatever is wrong with it, a closer look will say it.
    return undefined;
  }
}
