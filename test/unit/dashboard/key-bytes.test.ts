import assert from 'node:assert/strict';
import { keyBytes } from '../../../src/dashboard/machine/key-bytes.ts';

const none = { ctrlKey: false, altKey: false, shiftKey: false, metaKey: false };
const ctrl = { ...none, ctrlKey: true };
const alt = { ...none, altKey: true };

describe('A key on a serial console', () => {
  const cases: [what: string, key: string, held: typeof none, bytes: string | undefined][] = [
    ['is left to the field when it is a character', 'a', none, undefined],
    ['sends a carriage return for Enter', 'Enter', none, '\r'],
    ['sends DEL for Backspace, as terminals do', 'Backspace', none, '\x7f'],
    ['goes through to the guest for Tab', 'Tab', none, '\t'],
    ['goes back with Shift-Tab', 'Tab', { ...none, shiftKey: true }, '\x1b[Z'],
    ['sends a sequence for an arrow', 'ArrowUp', none, '\x1b[A'],
    ['sends a sequence for a function key', 'F12', none, '\x1b[24~'],
    ['sends a control code with Ctrl', 'c', ctrl, '\x03'],
    ['does so for a capital too', 'D', ctrl, '\x04'],
    ['sends NUL for Ctrl-Space', ' ', ctrl, '\0'],
    ['sends ESC for Ctrl-[', '[', ctrl, '\x1b'],
    ['sends nothing for what Ctrl has no code for', '1', ctrl, undefined],
    ['sends ESC before a character with Alt', 'b', alt, '\x1bb'],
    ['leaves to the field what Option makes of a key', '∫', alt, undefined],
    ['leaves AltGr to the field', '@', { ...ctrl, altKey: true }, undefined],
    ['leaves pasting to the browser', 'v', { ...ctrl, shiftKey: true }, undefined],
    ['leaves the Command key to the browser', 'c', { ...none, metaKey: true }, undefined],
    ['is none when it only holds', 'Shift', { ...none, shiftKey: true }, undefined],
  ];
  for (const [what, key, held, bytes] of cases) {
    it(what, () => assert.equal(keyBytes({ key, ...held }, false), bytes));
  }

  it('sends an arrow as an application has asked for it', () => {
    assert.equal(keyBytes({ key: 'ArrowLeft', ...none }, true), '\x1bOD');
    assert.equal(keyBytes({ key: 'F1', ...none }, true), '\x1bOP');
  });
});
