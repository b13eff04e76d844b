import assert from 'node:assert/strict';
import { chooseNext, type Entry, type Place, Queue, type Served } from '../../../src/builds/queue.ts';
import { within } from '../../fixtures/limits.ts';

const never = new AbortController().signal;

const entry = (id: string, more: Partial<Entry> = {}): Entry => ({
  ...{ id, name: 'x', priority: 0, createdAt: `2026-09-11T10:00:${id.padStart(2, '0')}Z` },
  ...more,
});

describe('chooseNext', () => {
  const nobody: Served = { running: new Map(), turn: new Map() };
  const table: [what: string, waiting: Entry[], served: Served, next: string | undefined][] = [
    ['nobody when nobody waits', [], nobody, undefined],
    ['who came first', [entry('2'), entry('1'), entry('3')], nobody, '1'],
    ['the highest priority', [entry('1'), entry('2', { priority: 5 })], nobody, '2'],
    ['the lowest priority last', [entry('1', { priority: -1 }), entry('2')], nobody, '2'],
    [
      'the name of which fewer run',
      [entry('1', { name: 'a' }), entry('2', { name: 'b' })],
      { running: new Map([['a', 1]]), turn: new Map([['b', 9]]) },
      '2',
    ],
    [
      'the name that was served longer ago',
      [entry('1', { name: 'a' }), entry('2', { name: 'b' })],
      { running: new Map(), turn: new Map(Object.entries({ a: 2, b: 1 })) },
      '2',
    ],
    [
      'priority before fairness',
      [entry('1', { name: 'a', priority: 1 }), entry('2', { name: 'b' })],
      { running: new Map([['a', 3]]), turn: new Map([['a', 3]]) },
      '1',
    ],
  ];
  for (const [what, waiting, served, next] of table) {
    it(`takes ${what}`, () => assert.equal(chooseNext(waiting, served)?.id, next));
  }
});

describe('Queue', () => {
  /** Enters all at once; `order` fills as they are given places, each of which is left when `next` is called. */
  function enterAll(queue: Queue, entries: Entry[]) {
    const order: string[] = [];
    const places: Place[] = [];
    const all = entries.map(async (one) => {
      const place = await queue.enter(one, never);
      order.push(one.id);
      places.push(place);
    });
    const next = async () => {
      places.shift()?.leave();
      await new Promise(setImmediate);
    };
    return { order, all: Promise.all(all), next };
  }

  it('gives so many places at a time, and the next when one is left', async () => {
    const { order, all, next } = enterAll(
      new Queue(2),
      ['1', '2', '3', '4'].map((id) => entry(id)),
    );
    await new Promise(setImmediate);
    assert.deepEqual(order, ['1', '2']);
    await next();
    assert.deepEqual(order, ['1', '2', '3']);
    await next();
    await within('all', all);
  });

  it('lets nobody wait behind all builds of another name', async () => {
    const many = ['1', '2', '3', '4'].map((id) => entry(id, { name: 'many' }));
    const { order, next } = enterAll(new Queue(1), [...many, entry('5', { name: 'one' })]);
    for (let turn = 0; turn < 5; turn += 1) await next();
    assert.deepEqual(order, ['1', '5', '2', '3', '4']);
  });

  it('says how many are served before one, as they then are', async () => {
    const queue = new Queue(1);
    const many = ['1', '2', '3'].map((id) => entry(id, { name: 'many' }));
    const { order, next } = enterAll(queue, [...many, entry('5', { name: 'one' })]);
    await new Promise(setImmediate);
    assert.deepEqual(
      ['1', '2', '3', '5', 'x'].map((id) => queue.ahead(id)),
      [undefined, 2, 3, 1, undefined],
    );
    for (let turn = 0; turn < 4; turn += 1) await next();
    assert.deepEqual(order, ['1', '5', '2', '3']);
  });

  it('forgets who gives up, and says why', async () => {
    const queue = new Queue(1);
    const first = await within('a place', queue.enter(entry('1'), never));
    const abort = new AbortController();
    const second = queue.enter(entry('2'), abort.signal);
    const third = queue.enter(entry('3'), never);
    abort.abort(new Error('no longer wanted'));
    await assert.rejects(second, /no longer wanted/);
    await assert.rejects(queue.enter(entry('4'), abort.signal), /no longer wanted/);
    first.leave();
    await within('a place', third);
  });

  it('gives a place back once, however often it is left', async () => {
    const queue = new Queue(1);
    const first = await queue.enter(entry('1'), never);
    first.leave();
    const second = await within('a place', queue.enter(entry('2'), never));
    first.leave();
    const third = queue.enter(entry('3'), never);
    await new Promise(setImmediate);
    assert.equal(queue.ahead('3'), 1);
    second.leave();
    await within('a place', third);
  });

  it('gives a place at once to what runs already, and others none meanwhile', async () => {
    const queue = new Queue(1);
    const claimed = [queue.claim(entry('1')), queue.claim(entry('2'))];
    const third = queue.enter(entry('3'), never);
    await new Promise(setImmediate);
    assert.equal(queue.ahead('3'), 2);
    for (const place of claimed) place.leave();
    await within('a place', third);
  });
});
