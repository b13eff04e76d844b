import assert from 'node:assert/strict';
import { nameOfPath, parseNixLine } from '../../../src/progress/nix-log.ts';
import { recordedLog } from '../../fixtures/nix-logs.ts';

describe('parseNixLine', () => {
  it('understands every line that real Nix wrote', () => {
    const lines = [recordedLog('image'), recordedLog('failure')].flatMap((log) => log.trim().split('\n'));
    const unknown = lines.filter((line) => {
      const event = parseNixLine(line);
      return event === undefined || event.action === 'other';
    });
    assert.ok(lines.length > 250);
    assert.deepEqual(unknown, []);
  });

  it('leaves plain text alone, and what only looks like Nix', () => {
    const texts = [
      '',
      'text',
      '@nix',
      '@nix {"action":"msg"',
      '@nix [1]',
      '@nix null',
      ' @nix {"action":"stop"}',
    ];
    for (const text of texts) assert.equal(parseNixLine(text), undefined, text);
  });

  it('takes fields of the wrong kind for empty ones', () => {
    assert.deepEqual(parseNixLine('@nix {"action":"msg","level":"x","msg":5}'), {
      ...{ action: 'msg', level: 0, text: '' },
    });
    assert.deepEqual(parseNixLine('@nix {"action":"result","id":1,"type":101,"fields":[null,{}]}'), {
      ...{ action: 'result', id: 1, type: 101, fields: [0, 0] },
    });
    assert.deepEqual(parseNixLine('@nix {"action":"stop"}'), { action: 'other' });
    assert.deepEqual(parseNixLine('@nix {"action":"setPhase","phase":"buildPhase"}'), { action: 'other' });
  });

  it('tells ids apart that are too large for a number', () => {
    const ids = ['18014398509481985', '18014398509481984'].map((id) =>
      parseNixLine(`@nix {"action":"stop","fields":["\\"id\\":7"],"id":${id}}`),
    );
    assert.deepEqual(ids, [
      { action: 'stop', id: '18014398509481985' },
      { action: 'stop', id: '18014398509481984' },
    ]);
  });
});

describe('nameOfPath', () => {
  it('leaves out the store, the hash and the ending', () => {
    assert.equal(nameOfPath('/nix/store/av3njzl8ccz1wrkswijrqhy62xiizkad-kernel-6.12.drv'), 'kernel-6.12');
    assert.equal(nameOfPath('kernel'), 'kernel');
  });
});
