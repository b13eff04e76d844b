import type { BuilderLife, BuilderState } from '../builders/builder-life.ts';
import { type Build, buildStates, isFinished } from '../builds/build.ts';
import type { BuildStore } from '../builds/store.ts';

const builderStates: readonly BuilderState[] = [
  ...(['absent', 'preparing', 'starting', 'ready', 'busy', 'stopping', 'lost'] as const),
];

/** Upper ends of the classes of durations, in seconds: image builds take minutes to hours. */
const classes = [60, 300, 900, 1800, 3600, 7200, 14_400, 43_200];

interface Durations {
  counts: number[];
  count: number;
  sum: number;
}

/** Numbers for Prometheus. What is counted begins anew with the orchestrator, as counters may. */
export class Metrics implements Disposable {
  readonly #store: BuildStore;
  readonly #life: BuilderLife;
  readonly #version: string;
  readonly #durations = new Map<string, Durations>();
  readonly #fetched = new Map<string, number>();
  #fetchedBytes = 0;
  readonly #stop: () => void;

  constructor(store: BuildStore, life: BuilderLife, version: string) {
    this.#store = store;
    this.#life = life;
    this.#version = version;
    this.#stop = store.onChange((build) => this.#count(build));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** https://prometheus.io/docs/instrumenting/exposition_formats/ */
  text(): string {
    const builds = new Map(buildStates.map((state) => [state, 0]));
    for (const id of this.#store.ids) {
      const { state } = this.#store.summary(id);
      builds.set(state, (builds.get(state) ?? 0) + 1);
    }
    const { state, machine } = this.#life.status();
    const families = [
      family('nexus_info', 'gauge', 'The orchestrator.', [[{ version: this.#version }, 1]]),
      family(
        ...(['nexus_builds', 'gauge', 'Builds by state.'] as const),
        [...builds].map(([name, count]) => [{ state: name }, count]),
      ),
      family('nexus_queue_length', 'gauge', 'Builds that wait for their turn.', [
        [{}, builds.get('queued') ?? 0],
      ]),
      family(
        ...(['nexus_builder_state', 'gauge', 'The state of the builder is 1, all others are 0.'] as const),
        builderStates.map((name) => [{ state: name }, name === state ? 1 : 0]),
      ),
      ...(machine
        ? [
            family('nexus_builder_memory_bytes', 'gauge', 'Memory of the builder.', [[{}, machine.memory]]),
            family('nexus_builder_disk_free_bytes', 'gauge', 'Free on its disk when it said hello.', [
              [{}, machine.diskFree],
            ]),
          ]
        : []),
      family('nexus_fetched_bytes_total', 'counter', 'Bytes of artifacts that have arrived.', [
        [{}, this.#fetchedBytes],
      ]),
      this.#durationFamily(),
    ];
    return families.join('');
  }

  #count(build: Build): void {
    const { id, fetched, state, startedAt, finishedAt } = build;
    // A second attempt begins to fetch anew.
    this.#fetchedBytes += Math.max(0, fetched - (this.#fetched.get(id) ?? 0));
    this.#fetched.set(id, fetched);
    if (!isFinished(build)) return;
    this.#fetched.delete(id);
    if (startedAt === null || finishedAt === null) return;
    const seconds = Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
    const known = this.#durations.get(state) ?? { counts: classes.map(() => 0), count: 0, sum: 0 };
    this.#durations.set(state, {
      counts: known.counts.map((count, index) => count + (seconds <= (classes[index] ?? 0) ? 1 : 0)),
      count: known.count + 1,
      sum: known.sum + seconds,
    });
  }

  #durationFamily(): string {
    const name = 'nexus_build_duration_seconds';
    const lines = [...this.#durations].flatMap(([state, { counts, count, sum }]) => [
      ...counts.map((below, index) => sample(`${name}_bucket`, { state, le: String(classes[index]) }, below)),
      sample(`${name}_bucket`, { state, le: '+Inf' }, count),
      sample(`${name}_sum`, { state }, sum),
      sample(`${name}_count`, { state }, count),
    ]);
    return `# HELP ${name} From the start of builds to their end.\n# TYPE ${name} histogram\n${lines.join('')}`;
  }
}

type Labels = Record<string, string>;

function family(name: string, type: 'gauge' | 'counter', help: string, samples: [Labels, number][]): string {
  const lines = samples.map(([labels, value]) => sample(name, labels, value));
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function sample(name: string, labels: Labels, value: number): string {
  const written = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`);
  return `${name}${written.length > 0 ? `{${written.join(',')}}` : ''} ${value}\n`;
}
