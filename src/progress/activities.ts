import { type ActivityId, activityTypes, type NixEvent, resultTypes } from './nix-log.ts';

/** Of one kind of activity: how many (paths, derivations) or how much (bytes). */
export interface Count {
  done: number;
  expected: number;
  running: number;
  failed: number;
}

interface Activity extends Count {
  type: number;
  /** What it says will be needed of other types. */
  expects: Map<number, number>;
}

/** Real Nix has some dozens at a time; what a broken log starts and never stops is not kept for ever. */
const mostActivities = 4096;

const counted = new Set<number>([
  activityTypes.copyPath,
  activityTypes.realise,
  activityTypes.copyPaths,
  activityTypes.builds,
]);

/** Adds up what Nix's activities report, in the way of its own progress bar (`progress-bar.cc`). */
export class Activities {
  readonly #live = new Map<ActivityId, Activity>();
  readonly #ended = new Map<number, Count>();
  readonly #expected = new Map<number, number>();

  read(event: NixEvent): void {
    if (event.action === 'start') this.#start(event.id, event.type);
    if (event.action === 'stop') this.#stop(event.id);
    if (event.action !== 'result') return;
    const activity = this.#live.get(event.id);
    if (!activity) return;
    const [first, second, third, fourth] = event.fields.map(Number);
    if (event.type === resultTypes.progress) {
      Object.assign(activity, {
        ...{ done: natural(first), expected: natural(second) },
        ...{ running: natural(third), failed: natural(fourth) },
      });
    }
    if (event.type === resultTypes.setExpected) this.#expect(activity, natural(first), natural(second));
  }

  of(type: number): Count {
    const sum = { ...(this.#ended.get(type) ?? { done: 0, expected: 0, running: 0, failed: 0 }) };
    let expected = sum.done;
    for (const activity of this.#live.values()) {
      if (activity.type !== type) continue;
      sum.done += activity.done;
      expected += activity.expected;
      sum.running += activity.running;
      sum.failed += activity.failed;
    }
    return { ...sum, expected: Math.max(sum.done, expected, this.#expected.get(type) ?? 0) };
  }

  #start(id: ActivityId, type: number): void {
    if (!counted.has(type) || this.#live.size >= mostActivities) return;
    this.#live.set(id, { type, done: 0, expected: 0, running: 0, failed: 0, expects: new Map() });
  }

  #stop(id: ActivityId): void {
    const activity = this.#live.get(id);
    if (!activity) return;
    this.#live.delete(id);
    const ended = this.#ended.get(activity.type) ?? { done: 0, expected: 0, running: 0, failed: 0 };
    ended.done += activity.done;
    ended.failed += activity.failed;
    this.#ended.set(activity.type, ended);
    for (const type of activity.expects.keys()) this.#expect(activity, type, 0);
  }

  #expect(activity: Activity, type: number, amount: number): void {
    if (!counted.has(type)) return;
    const others = (this.#expected.get(type) ?? 0) - (activity.expects.get(type) ?? 0);
    activity.expects.set(type, amount);
    this.#expected.set(type, others + amount);
  }
}

const natural = (value: number | undefined) =>
  value !== undefined && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
