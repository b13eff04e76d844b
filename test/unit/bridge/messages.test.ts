import assert from 'node:assert/strict';
import { buildIdPattern, parseEvent } from '../../../src/bridge/messages.ts';

const common = { v: 1, seq: 1, at: '2026-09-11T10:15:00.000Z' };
const line = (fields: object) => JSON.stringify({ ...common, ...fields });

const hello = {
  type: 'hello',
  ...{ epoch: 'e', boot: 'b', system: 'x86_64-linux', cores: 2, memory: 1, kvm: false, nix: null },
  disk: { total: 2, free: 1 },
};
const artifact = { type: 'artifact', id: 'x', name: 'a', path: '/a', bytes: 0, sha256: '0'.repeat(64) };
const finished = { type: 'finished', id: 'x', result: 'success', status: 0, signal: null, retrieve: [] };

describe('parseEvent', () => {
  const known = [
    hello,
    { type: 'accepted', id: 'x' },
    { type: 'accepted', id: 'x', again: true },
    { type: 'rejected', id: null, why: 'empty' },
    { type: 'rejected', id: 'x', why: 'empty' },
    { type: 'started', id: 'x' },
    { type: 'phase', id: 'x', phase: 'building', detail: null },
    artifact,
    finished,
    { ...finished, result: 'signal', status: null, signal: 'KILL' },
  ];
  for (const event of known) {
    it(`reads ${JSON.stringify(event).slice(0, 60)}`, () => {
      assert.deepEqual(parseEvent(line(event)), { kind: 'event', event: { ...common, ...event } });
    });
  }

  it('ignores fields it does not know', () => {
    const parsed = parseEvent(line({ type: 'started', id: 'x', mood: 'fine' }));
    assert.deepEqual(parsed, { kind: 'event', event: { ...common, type: 'started', id: 'x' } });
  });

  it('knows that it does not know a type, whatever else the event has', () => {
    assert.deepEqual(parseEvent(line({ type: 'temperature', id: 7 })), { kind: 'unknown' });
    assert.deepEqual(parseEvent('{"type":"temperature"}'), { kind: 'unknown' });
  });

  it('takes an unknown way to end for a failure', () => {
    const parsed = parseEvent(line({ ...finished, result: 'abducted' }));
    assert.equal(
      parsed.kind === 'event' && parsed.event.type === 'finished' && parsed.event.result,
      'exit-code',
    );
  });

  const malformed = [
    ...['', 'x', '{', '{"v":1,"seq":', 'null', '1', '"text"', '[]', '{}', '\0', '{"type":7}'],
    line({ type: 'started' }),
    line({ type: 'started', id: '../x' }),
    line({ type: 'started', id: 'X' }),
    line({ type: 'started', id: 'x', v: 2 }),
    line({ type: 'started', id: 'x', seq: 1.5 }),
    line({ ...artifact, bytes: -1 }),
    line({ ...artifact, sha256: 'x' }),
    line({ ...hello, disk: null }),
    line({ ...finished, status: 'fine' }),
  ];
  for (const text of malformed) {
    it(`calls ${JSON.stringify(text).slice(0, 70)} malformed, and why in one line`, () => {
      const parsed = parseEvent(text);
      assert.equal(parsed.kind, 'malformed');
      assert.match(parsed.kind === 'malformed' ? parsed.why : '', /^[^\n]+$/);
    });
  }
});

describe('The pattern of build ids', () => {
  it('allows what needs no quoting anywhere', () => {
    for (const id of ['a', '0', '20260911-101500-3f2a', 'x'.repeat(63)]) assert.match(id, buildIdPattern);
    for (const id of ['', '-a', 'A', 'a_b', 'a/b', '..', 'a b', 'a\n', 'x'.repeat(64)]) {
      assert.doesNotMatch(id, buildIdPattern);
    }
  });
});
