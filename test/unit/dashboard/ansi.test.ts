import assert from 'node:assert/strict';
import { AnsiReader, type Segment } from '../../../src/dashboard/log/ansi.ts';

const esc = '\x1b';

/** Each segment as `text` or `text:classes` or `text:css`. */
function read(text: string): string[] {
  return new AnsiReader().read(text).map(shown);
}

function shown({ text, classes, color, background }: Segment): string {
  const looks = [...classes, color, background && `on ${background}`].filter(Boolean).join(' ');
  return looks === '' ? text : `${text}:${looks}`;
}

describe('Terminal colours', () => {
  const cases: [what: string, text: string, segments: string[]][] = [
    ['leave plain text as it is', 'plain', ['plain']],
    ['colour what follows until they are reset', `a${esc}[31mb${esc}[0mc`, ['a', 'b:ansi-fg-1', 'c']],
    ['know bright ones and grounds', `${esc}[92;41mx`, ['x:ansi-fg-10 ansi-bg-1']],
    ['take an empty sequence for a reset', `${esc}[1mx${esc}[my`, ['x:ansi-bold', 'y']],
    ['end bold and dim together', `${esc}[1;2mx${esc}[22my`, ['x:ansi-bold ansi-dim', 'y']],
    ['end a colour alone', `${esc}[1;31mx${esc}[39my`, ['x:ansi-bold ansi-fg-1', 'y:ansi-bold']],
    [
      'know the cube and the greys',
      `${esc}[38;5;196mx${esc}[48;5;232my`,
      ['x:rgb(255 0 0)', 'y:rgb(255 0 0) on rgb(8 8 8)'],
    ],
    ['know the first of 256 by their names', `${esc}[38;5;2mx`, ['x:ansi-fg-2']],
    ['know true colours, and go on after them', `${esc}[38;2;1;2;300;1mx`, ['x:ansi-bold rgb(1 2 255)']],
    ['survive half a colour', `${esc}[38mx${esc}[38;5my`, ['x', 'y:ansi-fg-0']],
    [
      'leave other sequences out',
      `a${esc}[2Kb${esc}]8;;http://x${esc}\\c${esc}]0;title\x07d${esc}(Be`,
      ['a', 'b', 'c', 'd', 'e'],
    ],
    ['leave control characters out, but not tabs', 'a\x00\x08b\tc', ['a', 'b\tc']],
    ['survive an escape at the end', `a${esc}`, ['a']],
  ];
  for (const [what, text, segments] of cases) {
    it(what, () => assert.deepEqual(read(text), segments));
  }

  it('go on in the next piece, and a copy goes its own way', () => {
    const reader = new AnsiReader();
    reader.read(`${esc}[32m`);
    assert.deepEqual(reader.copy().read(`${esc}[0mx`).map(shown), ['x']);
    assert.deepEqual(reader.read('y').map(shown), ['y:ansi-fg-2']);
  });
});
