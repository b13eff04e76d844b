import type { Progress } from './describe-progress.ts';
import { formatDuration } from './format.ts';

export interface ProgressLine extends Disposable {
  show(progress: Progress): void;
}

/** Progress on a terminal: one line that is drawn again; elsewhere: one line for every new step. */
export function progressLine(out: NodeJS.WriteStream, startedAt = Date.now()): ProgressLine {
  return out.isTTY ? liveLine(out, startedAt) : plainLines(out);
}

function liveLine(out: NodeJS.WriteStream, startedAt: number): ProgressLine {
  let current = '';
  const draw = () => {
    const text = `${formatDuration(Date.now() - startedAt)}  ${current}`;
    // A line longer than the terminal would wrap, and only its last part could be drawn again.
    out.write(`\r\x1b[2K${text.slice(0, Math.max(10, (out.columns ?? 80) - 1))}`);
  };
  const clock = setInterval(draw, 1000);
  return {
    show({ text }) {
      current = text;
      draw();
    },
    [Symbol.dispose]() {
      clearInterval(clock);
      out.write('\r\x1b[2K');
    },
  };
}

function plainLines(out: NodeJS.WriteStream): ProgressLine {
  let last: string | undefined;
  return {
    show({ key, text }) {
      if (key === last) return;
      last = key;
      out.write(`${text}\n`);
    },
    [Symbol.dispose]() {},
  };
}
