import assert from 'node:assert/strict';
import fc from 'fast-check';
import { keptBytes, maxLineBytes, readLines } from '../../../src/bridge/lines.ts';
import { finishedResults, parseEvent, parseLine } from '../../../src/bridge/messages.ts';
import { check } from './check.ts';
import { hostileText, hostileWords } from './hostile.ts';

/** Bytes with more newlines than chance has. */
const bytes = fc
  .array(fc.oneof({ weight: 4, arbitrary: fc.nat(255) }, { weight: 1, arbitrary: fc.constant(0x0a) }), {
    maxLength: 400,
  })
  .map((list) => Buffer.from(list));

const cuts = fc.array(fc.nat(400), { maxLength: 8 });

async function* chunksOf(whole: Buffer, at: readonly number[]): AsyncGenerator<Buffer> {
  const places = [...at].filter((place) => place < whole.length).sort((a, b) => a - b);
  for (const [index, from] of [0, ...places].entries())
    yield whole.subarray(from, places[index] ?? whole.length);
}

const common = { v: 1, seq: 1, at: '2026-09-11T10:15:00.000Z' };
const hello = {
  ...{ ...common, type: 'hello', epoch: 'e', boot: 'b', system: 'x86_64-linux', cores: 2, memory: 1 },
  ...{ kvm: false, nix: null, disk: { total: 2, free: 1 } },
};
const good: Record<string, unknown>[] = [
  hello,
  { ...common, type: 'accepted', id: 'x', again: true },
  { ...common, type: 'rejected', id: null, why: 'empty' },
  { ...common, type: 'started', id: 'x' },
  { ...common, type: 'phase', id: 'x', phase: 'building', detail: 'iso' },
  { ...common, type: 'artifact', id: 'x', name: 'a', path: '/a', bytes: 0, sha256: '0'.repeat(64) },
  { ...common, type: 'finished', id: 'x', result: 'success', status: 0, signal: null, retrieve: [] },
];

const anyValue = fc.oneof(
  fc.jsonValue(),
  hostileText,
  fc.double(),
  fc.bigInt().map(Number),
  fc.constantFrom(null, [], {}),
);

/** An event of which one member says something else, is missing, or is new. */
const nearEvent = fc
  .tuple(
    fc.constantFrom(...good),
    fc.oneof(fc.constantFrom(...good.flatMap(Object.keys)), hostileText),
    anyValue,
    fc.boolean(),
  )
  .map(([event, key, value, without]) => {
    const changed = Object.entries(event).filter(([name]) => name !== key);
    return JSON.stringify(Object.fromEntries(without ? changed : [...changed, [key, value]]));
  });

function checkParsed(line: string): void {
  const parsed = parseLine(line);
  if (parsed.kind === 'malformed') {
    assert.match(parsed.why, /^[^\n]+$/);
    assert.ok(parsed.why.length <= 1000, `${parsed.why.length} characters to say what is wrong`);
  }
  if (parsed.kind !== 'event') return;
  const { event } = parsed;
  assert.deepEqual(
    parseEvent(JSON.stringify(event)),
    parsed,
    'an event means the same when it is written again',
  );
  if ('id' in event && event.id && event.type !== 'rejected')
    assert.match(event.id, /^[a-z0-9][a-z0-9-]{0,62}$/);
  if (event.type === 'finished') assert.ok(finishedResults.includes(event.result));
}

describe('The reader of the pipe', () => {
  it('finds the same lines at the same offsets whatever the bytes and the chunks are', async () => {
    await check(300, fc.tuple(bytes, cuts, fc.nat(10_000)), async ([whole, at, offset]) => {
      const parts = whole.toString('latin1').split('\n').slice(0, -1);
      let start = offset;
      for await (const line of readLines(chunksOf(whole, at), offset)) {
        const part = parts.shift();
        assert.ok(part !== undefined);
        const end = start + part.length + 1;
        assert.deepEqual(line, {
          text: Buffer.from(part, 'latin1').toString(),
          offset: start,
          end,
          cut: false,
        });
        start = end;
      }
      assert.deepEqual(parts, []);
    });
  });

  it('keeps no more of a line than its limit, and finds the next one', async () => {
    await check(5, fc.tuple(fc.integer({ min: 1, max: 3 * maxLineBytes }), cuts), async ([length, at]) => {
      const whole = Buffer.concat([Buffer.alloc(length, 'x'), Buffer.from('\n{}\n')]);
      const lines = [];
      for await (const line of readLines(chunksOf(whole, at))) lines.push(line);
      assert.equal(lines.length, 2);
      assert.equal(lines[0]?.text.length, length > maxLineBytes ? keptBytes : length);
      assert.equal(lines[0]?.cut, length > maxLineBytes);
      assert.deepEqual(lines[1], { text: '{}', offset: length + 1, end: length + 4, cut: false });
    });
  });

  it('never throws, and says in a short line what is malformed', async () => {
    await check(500, fc.oneof(hostileText, fc.json(), nearEvent), checkParsed, [
      ...hostileWords,
      '['.repeat(100_000),
      `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      '{"__proto__":{"type":"started"}}',
      JSON.stringify({ ...good.at(-1), retrieve: Array.from({ length: 10_000 }, () => 1) }),
      JSON.stringify({ ...common, type: 'x'.repeat(maxLineBytes - 100) }),
    ]);
  });

  it('reads every event between whatever else lies in the pipe', async () => {
    const garbage = fc
      .oneof(
        hostileText,
        nearEvent.map((line) => line.slice(0, -1)),
      )
      .map((text) => text.replaceAll('\n', ' '));
    await check(100, fc.tuple(fc.array(garbage, { maxLength: 20 }), cuts), async ([stray, at]) => {
      // With and without a newline behind what is none of ours.
      const lines = stray.flatMap((line, index) => {
        const event = JSON.stringify({ ...common, seq: index, type: 'started', id: 'ours' });
        return index % 2 === 0 ? [line, event] : [`${line}${event}`];
      });
      const seen: number[] = [];
      for await (const { text } of readLines(chunksOf(Buffer.from(`${lines.join('\n')}\n`), at))) {
        const parsed = parseLine(text);
        if (parsed.kind === 'event' && 'id' in parsed.event && parsed.event.id === 'ours')
          seen.push(parsed.event.seq);
      }
      assert.deepEqual(seen, [...stray.keys()]);
    });
  });
});
