import assert from 'node:assert/strict';
import { TerminalGrid } from '../../../src/dashboard/machine/terminal-grid.ts';

const esc = '\x1b';

function linesOf(grid: TerminalGrid): string[] {
  return Array.from({ length: grid.rows }, (_, row) =>
    grid
      .segments(row)
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  );
}

function linesAfter(text: string): string[] {
  const grid = new TerminalGrid();
  grid.write(text);
  return linesOf(grid);
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}`);

describe('A serial console', () => {
  const cases: [what: string, printed: string, lines: string[]][] = [
    ['shows lines', 'one\r\ntwo\r\n', ['one', 'two', '']],
    ['goes straight down without a carriage return', 'one\ntwo', ['one', '   two']],
    ['writes over what a carriage return leads back to', '12 %\r99 %', ['99 %']],
    ['takes back what is erased by hand', 'rooot\b \b\b \bt', ['root']],
    ['goes to the next stop', 'a\tb', ['a       b']],
    ['breaks what is longer than the terminal', 'x'.repeat(81), ['x'.repeat(80), 'x']],
    ['erases to the end of the line', `abcdef\r\x1b[3C${esc}[K`, ['abc']],
    ['erases to the beginning of the line', `abcdef${esc}[3D${esc}[1K`, ['    ef']],
    ['deletes, inserts and blanks characters', `abcdef\r${esc}[2P${esc}[1@${esc}[2C${esc}[1X`, [' c ef']],
    ['goes to a place of the screen', `${esc}[3;5Hhere`, ['', '', '    here']],
    ['never leaves the screen', `${esc}[99A${esc}[99Dtop`, ['top']],
    ['comes back to a place it was told to keep', `ab${esc}7cd${esc}8X`, ['abXd']],
    ['erases below', `one\r\ntwo\r\nthree${esc}[2;1H${esc}[J`, ['one', '', '']],
    ['takes no title, link or character set for text', `${esc}]0;title\x07a${esc}(Bb${esc}[?25lc`, ['abc']],
    ['takes characters beyond ASCII', 'Grüße 🙂', ['Grüße 🙂']],
  ];
  for (const [what, printed, lines] of cases) {
    it(what, () => assert.deepEqual(linesAfter(printed), lines));
    it(`${what}, wherever it was cut`, () => {
      for (let at = 1; at < printed.length; at += 1) {
        const grid = new TerminalGrid();
        grid.write(printed.slice(0, at));
        grid.write(printed.slice(at));
        // Half a character never comes: the bytes are put together before.
        if (!/[\ud800-\udbff]/.test(printed[at - 1] ?? '')) assert.deepEqual(linesOf(grid), lines);
      }
    });
  }

  it('keeps what is cleared away in the past', () => {
    assert.deepEqual(linesAfter(`firmware${esc}[2J${esc}[Hkernel`), ['firmware', 'kernel']);
    assert.deepEqual(linesAfter(`kernel\r\n${esc}[H${esc}[Jlogin: `), ['kernel', 'login:']);
    assert.deepEqual(linesAfter(`${esc}[2J${esc}[H`.repeat(50)), ['']);
  });

  it('addresses the last 24 rows when there are more', () => {
    const grid = new TerminalGrid();
    grid.write(numbered(1, 30).join('\r\n'));
    grid.write(`${esc}[1;1Hfirst of the screen`);
    assert.deepEqual(linesOf(grid), [...numbered(1, 6), 'first of the screen', ...numbered(8, 30)]);
  });

  it('keeps the last 2000 rows, and says which are to be drawn', () => {
    const grid = new TerminalGrid();
    grid.write(numbered(1, 1990).join('\r\n'));
    assert.deepEqual(grid.takeChanges(), { dropped: 0, from: 0 });
    grid.write(`\r\n${numbered(1991, 2010).join('\r\n')}`);
    assert.deepEqual(grid.takeChanges(), { dropped: 10, from: 1980 });
    assert.deepEqual(linesOf(grid), numbered(11, 2010));
    grid.write('!');
    assert.deepEqual(grid.takeChanges(), { dropped: 0, from: 1999 });
  });

  it('keeps colours, and marks the cursor', () => {
    const grid = new TerminalGrid();
    grid.write(`[${esc}[32m  OK  ${esc}[0m] up\r\nlogin: `);
    assert.deepEqual(
      grid.segments(0, 'cursor').map(({ text, classes }) => [text, ...classes]),
      [['['], ['  OK  ', 'ansi-fg-2'], ['] up']],
    );
    assert.deepEqual(
      grid.segments(1, 'cursor').map(({ text, classes }) => [text, ...classes]),
      [['login: '], [' ', 'cursor']],
    );
  });

  it('knows when an application wants the cursor keys otherwise', () => {
    const grid = new TerminalGrid();
    grid.write(`${esc}[?1h`);
    assert.equal(grid.isApplicationMode, true);
    grid.write(`${esc}[?1l`);
    assert.equal(grid.isApplicationMode, false);
  });

  it('takes what never ends for no sequence', () => {
    const grid = new TerminalGrid();
    grid.write(`${esc}]`);
    for (let count = 0; count < 100; count += 1) grid.write('x'.repeat(100));
    assert.match(linesOf(grid).join(''), /x{4000}/);
  });
});
