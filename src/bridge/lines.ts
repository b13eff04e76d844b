/** No event is longer; what is longer is damage, and is not kept in memory. */
export const maxLineBytes = 1024 * 1024;

export interface Line {
  text: string;
  /** Offset of its first byte. */
  offset: number;
  /** The line was longer than `maxLineBytes`: `text` holds only its beginning. */
  cut: boolean;
}

const newline = 0x0a;

/** Cuts a byte stream that begins at `offset` into lines; a last line without newline is not complete and not given. */
export async function* readLines(chunks: AsyncIterable<Buffer>, offset = 0): AsyncGenerator<Line> {
  let start = offset;
  let length = 0;
  let kept: Buffer[] = [];
  let keptBytes = 0;
  const keep = (part: Buffer) => {
    length += part.length;
    const room = part.subarray(0, Math.max(0, maxLineBytes - keptBytes));
    if (room.length === 0) return;
    kept.push(room);
    keptBytes += room.length;
  };
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, end));
      yield { text: Buffer.concat(kept).toString(), offset: start, cut: length > keptBytes };
      start += length + 1;
      [length, kept, keptBytes] = [0, [], 0];
      from = end + 1;
    }
    keep(chunk.subarray(from));
  }
}
