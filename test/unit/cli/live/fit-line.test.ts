import assert from 'node:assert/strict';
import { fitLine, widthOf } from '../../../../src/cli/live/fit-line.ts';

describe('fitLine', () => {
  const table: [text: string, columns: number, fitted: string][] = [
    ['short', 10, 'short'],
    ['exactly ten', 11, 'exactly ten'],
    ['one too many', 11, 'one too ma…'],
    ['日本語', 6, '日本語'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日…'],
    ['👩‍👩‍👧‍👦 family', 5, '👩‍👩‍👧‍👦 f…'],
    ['e\u0301te\u0301', 3, 'e\u0301te\u0301'],
    ['any', 0, ''],
  ];
  for (const [text, columns, fitted] of table) {
    it(`makes “${fitted}” of “${text}” in ${columns} columns`, () => {
      assert.equal(fitLine(text, columns), fitted);
      assert.ok(widthOf(fitted) <= columns);
    });
  }
});
