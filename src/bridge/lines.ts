/** No event is longer; what is longer is damage, and is not kept in memory. */
export const maxLineBytes = 1024 * 1024;

/** What is kept of a longer one: its end, where a whole event may stand behind what a stranger has left. */
export const keptBytes = 64 * 1024;

export interface Line {
  text: string;
  /** Offset of its first byte. */
  offset: number;
  /** Offset of the first byte behind it and its newline. */
  end: number;
  /** The line was longer than `maxLineBytes`: `text` holds only its end. */
  cut: boolean;
}

const newline = 0x0a;

/** Cuts a byte stream that begins at `offset` into lines; a last line without newline is not complete and not given. */
export async function* readLines(chunks: AsyncIterable<Buffer>, offset = 0): AsyncGenerator<Line> {
  let start = offset;
  let length = 0;
  let kept: Buffer[] = [];
  const keep = (part: Buffer) => {
    length += part.length;
    kept.push(part);
    if (length > 2 * maxLineBytes) kept = [Buffer.from(endOf(Buffer.concat(kept)))];
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, at));
      const [whole, cut, end] = [Buffer.concat(kept), length > maxLineBytes, start + length + 1];
      yield { text: (cut ? endOf(whole) : whole).toString(), offset: start, end, cut };
      start = end;
      [length, kept] = [0, []];
      from = at + 1;
    }
    keep(chunk.subarray(from));
  }
}

const endOf = (bytes: Buffer) => bytes.subarray(-keptBytes);
