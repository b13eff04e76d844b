import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { shellQuote } from '../../../src/transport/shell-quote.ts';

/** Every sign of ASCII but NUL, and what people and attackers put into names. */
const hostile = [
  Array.from({ length: 127 }, (_, index) => String.fromCharCode(index + 1)).join(''),
  ...[
    '',
    ' ',
    "'",
    "''",
    "it's",
    '"',
    '\\',
    "\\'",
    '\n',
    '\n\n',
    'ends in newline\n',
    '$(touch hacked)',
    '`id`',
  ],
  ...[
    '$HOME',
    '${IFS}',
    '*',
    '?',
    '[a]',
    '{a,b}',
    '~',
    '~root',
    '-n',
    '--',
    '#',
    '!',
    '!!',
    '|',
    '&',
    ';',
    '<',
    '>',
  ],
  ...['a=b', '=', '%s%n', '\x1b[2J', '\t', '\r', 'bücher 本 🦆', "'; rm -rf /; '", 'x'.repeat(100_000)],
];

describe('shellQuote', () => {
  for (const shell of ['bash', 'sh']) {
    it(`gives every word to ${shell} as it is, and as one`, () => {
      const line = `printf '%s\\0' ${shellQuote(hostile)}`;
      const said = execFileSync(shell, ['-c', line], { encoding: 'utf8', maxBuffer: 10_000_000 });
      assert.deepEqual(said.split('\0').slice(0, -1), hostile);
    });
  }

  it('leaves plain words readable', () => {
    assert.equal(shellQuote(['tar', '-x', '--no-same-owner', '/a/b.c']), 'tar -x --no-same-owner /a/b.c');
  });
});
