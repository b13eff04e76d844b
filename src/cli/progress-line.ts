import type { Progress } from './describe-progress.ts';
import { formatDuration } from './format.ts';
import { isLive } from './terminal.ts';

export interface ProgressLine extends Disposable {
  show(progress: Progress): void;
  /** Something else tells of the progress for now. */
  pause(): void;
}

/** Without a terminal, life is shown this often when there is nothing new. */
const heartbeatMs = 30_000;

/** One line for every new step, and now and then one that says that it is still the same. */
export function progressLine(out: NodeJS.WriteStream, everyMs = heartbeatMs): ProgressLine {
  const startedAt = Date.now();
  let current: Progress | undefined;
  const beat = setInterval(() => {
    if (current) out.write(`still ${current.text} (${formatDuration(Date.now() - startedAt)})\n`);
  }, everyMs);
  return {
    show(progress) {
      const isNew = progress.key !== current?.key;
      current = progress;
      if (!isNew) return;
      out.write(`${progress.text}\n`);
      beat.refresh();
    },
    pause() {
      current = undefined;
    },
    [Symbol.dispose]() {
      clearInterval(beat);
    },
  };
}

/** The same on a terminal: one line that is drawn again. */
export async function liveLine(out: NodeJS.WriteStream): Promise<ProgressLine> {
  if (!isLive(out)) return progressLine(out);
  const [{ TerminalBlock }, { fitLine }] = await Promise.all([
    import('./live/terminal-block.ts'),
    import('./live/fit-line.ts'),
  ]);
  const startedAt = Date.now();
  let current = '';
  const block = new TerminalBlock(out, ({ columns }) => [
    fitLine(`${formatDuration(Date.now() - startedAt)}  ${current}`, columns - 1),
  ]);
  return {
    show({ text }) {
      current = text;
      block.update();
    },
    pause() {},
    [Symbol.dispose]: () => block[Symbol.dispose](),
  };
}
