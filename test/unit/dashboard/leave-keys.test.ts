import assert from 'node:assert/strict';
import { LeaveKeys } from '../../../src/dashboard/machine/leave-keys.ts';

/** Whether keys are the sign to leave: `+Control` is pressed, `-Control` let go. */
function isSign(strokes: string): boolean {
  const keys = new LeaveKeys();
  const held = new Set<string>();
  return strokes
    .split(' ')
    .map((stroke) => {
      const code = stroke.slice(1);
      const repeat = stroke.startsWith('+') && held.has(code);
      if (stroke.startsWith('+')) held.add(code);
      else held.delete(code);
      const [ctrlKey, altKey] = ['Control', 'Alt'].map((name) =>
        [...held].some((key) => key.startsWith(name)),
      );
      const type = stroke.startsWith('+') ? 'keydown' : 'keyup';
      return keys.sees({ type, code, repeat, ctrlKey: ctrlKey === true, altKey: altKey === true });
    })
    .includes(true);
}

describe('The sign to leave a machine', () => {
  const cases: [strokes: string, sign: boolean][] = [
    ['+ControlLeft +AltLeft -AltLeft -ControlLeft', true],
    ['+AltLeft +ControlRight -AltLeft -ControlRight', true],
    ['+ControlLeft +AltLeft +AltLeft -ControlLeft', true],
    ['+ControlLeft -ControlLeft +AltLeft -AltLeft', false],
    ['+ControlLeft +AltLeft +F2 -F2 -AltLeft -ControlLeft', false],
    ['+ControlLeft +AltLeft +F2 +AltLeft -F2 -AltLeft -ControlLeft', false],
    ['+ControlLeft +AltRight -AltRight -ControlLeft', false],
    ['+ControlLeft +KeyC -KeyC -ControlLeft', false],
  ];
  for (const [strokes, sign] of cases) {
    it(`${sign ? 'is' : 'is not'} ${strokes}`, () => assert.equal(isSign(strokes), sign));
  }
});
