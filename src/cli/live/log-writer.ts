import { plainLine } from '../../progress/clean-text.ts';
import { LineSplitter } from '../../progress/line-splitter.ts';
import { wantsColours } from '../terminal.ts';

export interface LogWriter {
  write(chunk: Buffer): void;
  end(): void;
}

/** Writes the text of a log, with its colours only where colours are wanted. */
export function logWriter(
  out: NodeJS.WriteStream,
  put: (chunk: Buffer) => void = (chunk) => void out.write(chunk),
): LogWriter {
  if (wantsColours(out)) return { write: put, end: () => {} };
  const splitter = new LineSplitter();
  const write = (lines: readonly string[]) => {
    if (lines.length > 0) put(Buffer.from(lines.map((line) => `${plainLine(line)}\n`).join('')));
  };
  return { write: (chunk) => write(splitter.push(chunk)), end: () => write(splitter.end()) };
}
