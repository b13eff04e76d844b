import type { WatchLine } from '../../http/schemas.ts';
import type { Context } from '../context.ts';
import { describeProgress } from '../describe-progress.ts';
import { painter } from '../paint.ts';
import { type ProgressLine, progressLine } from '../progress-line.ts';
import { isLive, wantsColours } from '../terminal.ts';
import { buildLines } from './build-lines.ts';
import { logWriter } from './log-writer.ts';
import { TerminalBlock } from './terminal-block.ts';

/** How the progress of a build is shown, and its own output beside it. */
export interface BuildView extends Disposable {
  show(news: WatchLine): void;
  log(chunk: Buffer): void;
}

/** Progress on standard error; the build's output goes to `log`, when it is wanted. */
export function buildView({ err }: Context, log: NodeJS.WriteStream | undefined): BuildView {
  return isLive(err) ? liveView(err, log) : plainView(progressLine(err), log);
}

function liveView(err: NodeJS.WriteStream, log: NodeJS.WriteStream | undefined): BuildView {
  const startedAt = Date.now();
  const paint = painter(wantsColours(err));
  let last: WatchLine | undefined;
  const block = new TerminalBlock(err, (size) =>
    last ? buildLines(last, { ...size, paint, elapsedMs: elapsed(last, startedAt) }) : [],
  );
  // Both on one terminal: the output stays above the block.
  const shared = log && isLive(log);
  const writer = log && logWriter(log, shared ? (chunk) => block.print(chunk) : undefined);
  return {
    show(news) {
      last = news;
      block.update();
    },
    log: (chunk) => writer?.write(chunk),
    [Symbol.dispose]() {
      writer?.end();
      block[Symbol.dispose]();
    },
  };
}

function elapsed({ build }: WatchLine, startedAt: number): number {
  return Date.now() - (build.startedAt ? Date.parse(build.startedAt) : startedAt);
}

function plainView(line: ProgressLine, log: NodeJS.WriteStream | undefined): BuildView {
  const writer = log && logWriter(log);
  return {
    // What the build prints is progress enough.
    show: (news) =>
      log && news.build.state === 'building' ? line.pause() : line.show(describeProgress(news)),
    log: (chunk) => writer?.write(chunk),
    [Symbol.dispose]() {
      writer?.end();
      line[Symbol.dispose]();
    },
  };
}
