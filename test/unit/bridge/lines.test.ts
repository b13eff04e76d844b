import assert from 'node:assert/strict';
import { keptBytes, type Line, maxLineBytes, readLines } from '../../../src/bridge/lines.ts';

async function* stream(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function linesOf(chunks: readonly (Buffer | string)[], offset?: number): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(stream(chunks.map((chunk) => Buffer.from(chunk))), offset))
    lines.push(line);
  return lines;
}

/** Cuts at every `size` bytes. */
function cut(text: string, size: number): Buffer[] {
  const bytes = Buffer.from(text);
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

describe('readLines', () => {
  const text = 'one\n\nzwölf 本 🦆\n{"a":1}\nunfinished';
  const expected = [
    { text: 'one', offset: 0, end: 4, cut: false },
    { text: '', offset: 4, end: 5, cut: false },
    { text: 'zwölf 本 🦆', offset: 5, end: 21, cut: false },
    { text: '{"a":1}', offset: 21, end: 29, cut: false },
  ];

  for (const size of [1, 2, 3, 5, 1000]) {
    it(`gives the same lines and offsets whatever the chunks are: ${size} bytes each`, async () => {
      assert.deepEqual(await linesOf(cut(text, size)), expected);
    });
  }

  it('counts from the offset at which the stream begins', async () => {
    assert.deepEqual(await linesOf(['a\nb\n'], 100), [
      { text: 'a', offset: 100, end: 102, cut: false },
      { text: 'b', offset: 102, end: 104, cut: false },
    ]);
  });

  it('gives no line that is not complete, and nothing of nothing', async () => {
    assert.deepEqual(await linesOf(['abc', 'def']), []);
    assert.deepEqual(await linesOf([]), []);
    assert.deepEqual(await linesOf(['', '\n', '']), [{ text: '', offset: 0, end: 1, cut: false }]);
  });

  it('keeps a line of exactly the limit whole', async () => {
    const [line] = await linesOf(cut(`${'x'.repeat(maxLineBytes)}\n`, 65_536));
    assert.deepEqual([line?.text.length, line?.cut], [maxLineBytes, false]);
  });

  for (const more of [1, 1_500_000, 5_000_000]) {
    it(`keeps only the end of a line that is longer by ${more}, and finds the next one`, async () => {
      const lines = await linesOf(cut(`${'x'.repeat(maxLineBytes + more - 3)}end\nnext\n`, 100_000));
      assert.deepEqual(
        lines.map(({ text, offset, cut }) => [text.length, text.slice(-4), offset, cut]),
        [
          [keptBytes, 'xend', 0, true],
          [4, 'next', maxLineBytes + more + 1, false],
        ],
      );
    });
  }
});
