/** Whole lines that have come, and what stands behind the last of them. */
export interface NewLines {
  lines: string[];
  tail: string;
}

/** Cuts bytes of a log into lines. What a carriage return overwrites is left out, as a terminal would. */
export class LogLines {
  /** Bytes taken so far: where to go on after a break. */
  offset = 0;
  readonly #decoder = new TextDecoder();
  #tail = '';

  push(chunk: Uint8Array): NewLines {
    this.offset += chunk.length;
    const parts = (this.#tail + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#tail = afterReturn(parts.pop() ?? '', true);
    return { lines: parts.map((line) => afterReturn(line, false)), tail: shown(this.#tail) };
  }
}

/** A return at the very end has overwritten nothing yet, and may be half of a line's end. */
function afterReturn(line: string, isTail: boolean): string {
  const body = line.endsWith('\r') ? line.slice(0, -1) : line;
  const last = body.slice(body.lastIndexOf('\r') + 1);
  return isTail && body !== line ? `${last}\r` : last;
}

const shown = (tail: string) => (tail.endsWith('\r') ? tail.slice(0, -1) : tail);
