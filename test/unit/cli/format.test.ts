import assert from 'node:assert/strict';
import { formatBytes, formatDuration, formatTable } from '../../../src/cli/format.ts';

describe('formatBytes', () => {
  const table: [bytes: number, text: string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1500, '1.5 kB'],
    [99_949, '99.9 kB'],
    [123_456, '123 kB'],
    [999_499, '999 kB'],
    [999_999, '1.0 MB'],
    [1_500_000_000, '1.5 GB'],
    [2e15, '2000 TB'],
  ];
  for (const [bytes, text] of table)
    it(`writes ${bytes} as ${text}`, () => assert.equal(formatBytes(bytes), text));
});

describe('formatDuration', () => {
  const table: [milliseconds: number, text: string][] = [
    [-5, '0 s'],
    [0, '0 s'],
    [1499, '1 s'],
    [59_499, '59 s'],
    [59_500, '1 min 0 s'],
    [125_000, '2 min 5 s'],
    [3_599_999, '1 h 0 min'],
    [3_780_000, '1 h 3 min'],
  ];
  for (const [milliseconds, text] of table) {
    it(`writes ${milliseconds} ms as ${text}`, () => assert.equal(formatDuration(milliseconds), text));
  }
});

describe('formatTable', () => {
  it('aligns columns and leaves no blanks at the ends of lines', () => {
    assert.equal(
      formatTable([
        ['A', 'LONG', ''],
        ['aaa', 'b', ''],
        ['', 'c', 'd'],
      ]),
      'A    LONG\naaa  b\n     c     d',
    );
    assert.equal(formatTable([]), '');
  });
});
