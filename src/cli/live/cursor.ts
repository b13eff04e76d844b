const hide = '\u001b[?25l';
const show = '\u001b[?25h';

const ending = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

export interface HiddenCursor extends Disposable {}

/**
 * Hides the cursor of a terminal, and shows it again whatever ends this process or stops it for a while (Ctrl-Z).
 * `clear` takes away what was drawn, `redraw` brings it back.
 */
export function hideCursor(out: NodeJS.WriteStream, clear: () => void, redraw: () => void): HiddenCursor {
  let hidden = true;
  out.write(hide);
  const restore = () => {
    if (!hidden) return;
    hidden = false;
    clear();
    out.write(show);
  };
  const onEnd = (signal: NodeJS.Signals) => {
    // Who else listens decides what the signal means, as Ctrl-C means to detach.
    if (process.listenerCount(signal) > 1) return;
    restore();
    process.removeListener(signal, onEnd);
    process.kill(process.pid, signal);
  };
  const onStop = () => {
    restore();
    process.kill(process.pid, 'SIGSTOP');
  };
  const onGoOn = () => {
    hidden = true;
    out.write(hide);
    redraw();
  };
  process.on('exit', restore);
  process.on('SIGTSTP', onStop);
  process.on('SIGCONT', onGoOn);
  for (const signal of ending) process.on(signal, onEnd);
  return {
    [Symbol.dispose]() {
      restore();
      process.removeListener('exit', restore);
      process.removeListener('SIGTSTP', onStop);
      process.removeListener('SIGCONT', onGoOn);
      for (const signal of ending) process.removeListener(signal, onEnd);
    },
  };
}
