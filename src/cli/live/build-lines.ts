import type { WatchLine } from '../../http/schemas.ts';
import type { Progress } from '../../progress/schema.ts';
import { describeEta, describeProgress } from '../describe-progress.ts';
import { formatBytes, formatDuration } from '../format.ts';
import type { Paint } from '../paint.ts';
import { fitLine, widthOf } from './fit-line.ts';
import type { Size } from './terminal-block.ts';

export interface BuildLinesOptions extends Size {
  elapsedMs: number;
  paint: Paint;
}

const mostRunning = 5;
const narrow = 80;

/** What a terminal shows of a build that is not finished: a line for the whole, and more while Nix works. */
export function buildLines(news: WatchLine, options: BuildLinesOptions): string[] {
  const { build } = news;
  const { progress } = build;
  const head = headLine(news, options);
  if (build.state !== 'building' || !progress) return [head];
  return [
    head,
    ...fetching(progress, options),
    ...building(progress, options),
    ...running(progress, options),
    ...(progress.note ? [line(`  ${progress.note}`, options, 'yellow')] : []),
  ];
}

function headLine(news: WatchLine, { columns, elapsedMs, paint }: BuildLinesOptions): string {
  const { build } = news;
  const name = fitLine(build.request.name, Math.floor(columns / 3));
  const time = formatDuration(elapsedMs);
  const eta = describeEta(build.progress?.eta);
  const right = eta === '' ? time : `${time}, ${eta}`;
  const room = columns - 1 - widthOf(name) - widthOf(right) - 4;
  const doing = fitLine(headText(news), Math.max(4, room));
  return `${paint('bold', name)}  ${doing}  ${paint('dim', fitLine(right, columns - 1))}`;
}

/** The details have lines of their own, unless something else matters more. */
function headText(news: WatchLine): string {
  const { state, phase, progress, waiting, cancelling } = news.build;
  const undisturbed = !news.builder.unreachableSince && !waiting && !cancelling;
  return undisturbed && state === 'building' && progress
    ? (phase ?? progress.stage)
    : describeProgress(news).text;
}

function fetching({ paths, bytes }: Progress, options: BuildLinesOptions): string[] {
  if (paths.total === 0) return [];
  const size = bytes.total > 0 ? `, ${formatBytes(bytes.done)} of ${formatBytes(bytes.total)}` : '';
  const share = bytes.total > 0 ? bytes.done / bytes.total : paths.done / paths.total;
  return [counted('fetched', `${paths.done} of ${paths.total} paths${size}`, share, options)];
}

function building({ derivations }: Progress, options: BuildLinesOptions): string[] {
  const { done, total, failed } = derivations;
  if (total === 0) return [];
  const text = `${done} of ${total} derivations${failed > 0 ? `, ${failed} failed` : ''}`;
  return [counted('built', text, done / total, options)];
}

function counted(what: string, text: string, share: number, options: BuildLinesOptions): string {
  const { columns, paint } = options;
  const label = `  ${what.padEnd(8)}`;
  const width = columns < narrow ? 0 : Math.min(30, columns - 60);
  const filled = Math.round(width * Math.min(1, Math.max(0, share)));
  const bar =
    width === 0 ? '' : `${paint('green', '━'.repeat(filled))}${paint('dim', '─'.repeat(width - filled))}  `;
  return `${paint('dim', label)}${bar}${fitLine(text, columns - 1 - label.length - (width === 0 ? 0 : width + 2))}`;
}

function running({ running, derivations }: Progress, options: BuildLinesOptions): string[] {
  const room = Math.max(1, Math.min(mostRunning, options.rows - 8));
  const shown = running.slice(0, room).map((derivation) => runningLine(derivation, options));
  const more = derivations.running - shown.length;
  return more > 0 ? [...shown, line(`  … and ${more} more`, options, 'dim')] : shown;
}

function runningLine(
  { name, phase, seconds, line: last }: Progress['running'][number],
  { columns, paint }: BuildLinesOptions,
): string {
  const time = seconds === null ? '' : ` ${formatDuration(seconds * 1000)}`;
  const left = fitLine(`${name}${phase ? ` (${phase})` : ''}`, Math.max(10, Math.floor(columns / 2)));
  const room = columns - 1 - 4 - widthOf(left) - time.length - 2;
  const said = last && room > 12 ? `  ${paint('dim', fitLine(last, room))}` : '';
  return `  ${paint('cyan', '•')} ${left}${time}${said}`;
}

function line(text: string, { columns, paint }: BuildLinesOptions, style: Parameters<Paint>[0]): string {
  return paint(style, fitLine(text, columns - 1));
}
