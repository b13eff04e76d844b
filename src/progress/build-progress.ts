import { Activities } from './activities.ts';
import { Announced } from './announced.ts';
import { plainLine } from './clean-text.ts';
import { describeSilence } from './describe-silence.ts';
import { estimate, type Past } from './estimate.ts';
import { writesImage } from './image-step.ts';
import { LineSplitter } from './line-splitter.ts';
import {
  type ActivityId,
  activityTypes,
  infoLevel,
  type NixEvent,
  nameOfPath,
  parseNixLine,
  resultTypes,
} from './nix-log.ts';
import type { Progress } from './schema.ts';

interface RunningDerivation {
  path: string;
  name: string;
  phase: string | null;
  line: string | null;
  /** Nothing when it began before we looked. */
  startedAt: number | null;
}

const mostRunning = 1024;
const mostShown = 8;
const mostFinished = 50_000;
const longestText = 300;

/** What the log of one build has told so far; its memory is bounded whatever the log has in it. */
export class BuildProgress {
  readonly #splitter = new LineSplitter();
  readonly #activities = new Activities();
  readonly #announced = new Announced();
  readonly #running = new Map<ActivityId, RunningDerivation>();
  #finished: { name: string; seconds: number }[] = [];
  #atOnce = 1;
  #lastLine: string | null = null;
  #lastAt: number;
  #fetchingSince: number | null = null;
  #phase: string | null = null;

  constructor(now: number) {
    this.#lastAt = now;
  }

  /**
   * Takes what was appended to the log.
   * @param at when; nothing for what is read long after it was written, and tells nothing of durations.
   */
  read(chunk: Buffer, at: number | null): void {
    if (at !== null) this.#lastAt = at;
    for (const line of this.#splitter.push(chunk)) this.#line(line, at);
  }

  /** The last time something was printed, when that is known from elsewhere. */
  printedAt(at: number): void {
    this.#lastAt = at;
  }

  /** The phase that the build's script has named last. */
  inPhase(phase: string | null): void {
    this.#phase = phase;
  }

  /** The derivations that were built since this was last asked, and how long each took. */
  takeFinished(): { name: string; seconds: number }[] {
    const finished = this.#finished;
    this.#finished = [];
    return finished;
  }

  snapshot(now: number, past: Past): Progress {
    const builds = this.#activities.of(activityTypes.builds);
    const fetched = this.#fetched();
    const running = this.#shown(now);
    const silentSeconds = Math.max(0, Math.floor((now - this.#lastAt) / 1000));
    const progress = {
      ...{ stage: this.#stage(), paths: fetched.paths, bytes: fetched.bytes },
      derivations: {
        done: builds.done,
        total: Math.max(builds.done + this.#running.size, this.#announced.derivations || builds.expected),
        ...{ running: this.#running.size, failed: builds.failed },
      },
      ...{ running, lastLine: this.#lastLine, silentSeconds },
    };
    return { ...progress, note: describeSilence(progress), eta: this.#estimate(now, fetched.bytes, past) };
  }

  #fetched(): Pick<Progress, 'paths' | 'bytes'> {
    const paths = this.#activities.of(activityTypes.copyPaths);
    const bytes = this.#activities.of(activityTypes.copyPath);
    const total = Math.max(paths.done, this.#announced.paths || paths.expected);
    const totalBytes = Math.max(this.#announced.bytes, bytes.expected);
    // Of the last bytes of a path Nix does not report that they have come.
    const done = paths.done === total ? totalBytes : bytes.done;
    return { paths: { done: paths.done, total }, bytes: { done, total: totalBytes } };
  }

  #line(line: string, at: number | null): void {
    const event = parseNixLine(line);
    if (event === undefined) this.#printed(line);
    else this.#event(event, at);
  }

  #event(event: NixEvent, at: number | null): void {
    this.#activities.read(event);
    if (event.action === 'start') this.#start(event, at);
    if (event.action === 'stop') this.#stop(event.id, at);
    if (event.action === 'result') this.#result(event);
    if (event.action !== 'msg') return;
    this.#announced.read(event.text);
    if (event.level <= infoLevel) this.#printed(event.text);
  }

  #start({ id, type, level, text, fields }: Extract<NixEvent, { action: 'start' }>, at: number | null): void {
    if (level <= infoLevel && text !== '') this.#printed(text);
    if (type === activityTypes.copyPath) this.#fetchingSince ??= at;
    if (type !== activityTypes.build || this.#running.size >= mostRunning) return;
    const path = String(fields[0] ?? '');
    this.#announced.waiting.delete(path);
    const name = short(nameOfPath(path));
    this.#running.set(id, { path, name, phase: null, line: null, startedAt: at });
    this.#atOnce = Math.max(this.#atOnce, this.#running.size);
  }

  #stop(id: ActivityId, at: number | null): void {
    const derivation = this.#running.get(id);
    if (!derivation) return;
    this.#running.delete(id);
    const { name, startedAt } = derivation;
    if (at === null || startedAt === null || this.#finished.length >= mostFinished) return;
    this.#finished.push({ name, seconds: (at - startedAt) / 1000 });
  }

  #result({ id, type, fields }: Extract<NixEvent, { action: 'result' }>): void {
    const derivation = this.#running.get(id);
    const said = String(fields[0] ?? '');
    if (type === resultTypes.setPhase && derivation) derivation.phase = short(plainLine(said));
    if (type !== resultTypes.buildLogLine) return;
    this.#printed(said);
    if (derivation) derivation.line = this.#lastLine;
  }

  #printed(text: string): void {
    const line = plainLine(text.slice(0, 4 * longestText).split('\n')[0] ?? '').trim();
    if (line !== '') this.#lastLine = short(line);
  }

  #shown(now: number): Progress['running'] {
    const shown = [...this.#running.values()].slice(0, mostShown);
    return shown.map(({ name, phase, line, startedAt }) => ({
      ...{ name, phase, line, writesImage: writesImage(name) },
      seconds: startedAt === null ? null : Math.floor((now - startedAt) / 1000),
    }));
  }

  #stage(): string {
    const named = this.#phase?.split(' ')[0];
    if (named !== undefined && named !== 'building') return named;
    if (this.#running.size > 0) return 'building';
    if (this.#activities.of(activityTypes.copyPaths).running > 0) return 'fetching';
    return named ?? 'starting';
  }

  #estimate(now: number, bytes: Progress['bytes'], past: Past): Progress['eta'] {
    if (this.#announced.overflow) return null;
    const since = this.#fetchingSince;
    return estimate(
      {
        waiting: [...this.#announced.waiting].map(nameOfPath),
        running: [...this.#running.values()].map(({ name, startedAt }) => ({
          name,
          seconds: startedAt === null ? null : (now - startedAt) / 1000,
        })),
        bytes: bytes.total - bytes.done,
        bytesPerSecond: since === null || now <= since ? 0 : (1000 * bytes.done) / (now - since),
        atOnce: this.#atOnce,
      },
      past,
    );
  }
}

const short = (text: string) => (text.length > longestText ? `${text.slice(0, longestText)}…` : text);
