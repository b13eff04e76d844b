import assert from 'node:assert/strict';
import { LogLines } from '../../../src/dashboard/log/log-lines.ts';

/** All lines and the last tail, of bytes that come in these pieces. */
function read(...pieces: (string | Uint8Array)[]): { lines: string[]; tail: string; offset: number } {
  const log = new LogLines();
  const lines: string[] = [];
  let tail = '';
  for (const piece of pieces) {
    const news = log.push(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
    lines.push(...news.lines);
    tail = news.tail;
  }
  return { lines, tail, offset: log.offset };
}

describe('The lines of a log', () => {
  it('come out whole, however the bytes were cut', () => {
    const text = 'one\nzwölf\n\nthree';
    const bytes = new TextEncoder().encode(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const { lines, tail, offset } = read(bytes.subarray(0, cut), bytes.subarray(cut));
      assert.deepEqual([lines, tail, offset], [['one', 'zwölf', ''], 'three', bytes.length]);
    }
  });

  it('are what a terminal would show where a carriage return overwrites', () => {
    assert.deepEqual(read('10 %\r50 %\r100 %\ndone\n').lines, ['100 %', 'done']);
    assert.equal(read('10 %\r50 %').tail, '50 %');
    assert.equal(read('10 %\r').tail, '10 %');
    assert.equal(read('10 %\r', '50 %').tail, '50 %');
  });

  it('may end as on other systems', () => {
    assert.deepEqual(read('a\r\nb\r', '\nc').lines, ['a', 'b']);
  });

  it('survive bytes that are no text', () => {
    assert.deepEqual(read(new Uint8Array([0x61, 0xff, 0x62, 0x0a])).lines, ['a\ufffdb']);
  });
});
