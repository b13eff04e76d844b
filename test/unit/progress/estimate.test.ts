import assert from 'node:assert/strict';
import { estimate, quantile } from '../../../src/progress/estimate.ts';

const nothing = { waiting: [], running: [], bytes: 0, bytesPerSecond: 0, atOnce: 1 };
const past = (name: string) => ({ quick: [2], slow: [100, 200] })[name] ?? [];

describe('estimate', () => {
  it('says nothing when nothing remains or something is unknown', () => {
    assert.equal(estimate(nothing, past), null);
    assert.equal(estimate({ ...nothing, waiting: ['quick', 'new'] }, past), null);
    assert.equal(estimate({ ...nothing, bytes: 5 }, past), null);
    assert.equal(estimate({ ...nothing, running: [{ name: 'quick', seconds: null }] }, past), null);
  });

  it('adds up what is done one after the other, and shares out what is done at once', () => {
    const waiting = ['quick', 'quick', 'slow'];
    assert.deepEqual(estimate({ ...nothing, waiting }, past), { low: 129, high: 179 });
    assert.deepEqual(estimate({ ...nothing, waiting, atOnce: 3 }, past), { low: 125, high: 175 });
  });

  it('takes off what a derivation has run already, never more than all', () => {
    const running = [{ name: 'slow', seconds: 150 }];
    assert.deepEqual(estimate({ ...nothing, running }, past), { low: 0, high: 25 });
  });

  it('counts fetching at the speed so far', () => {
    assert.deepEqual(estimate({ ...nothing, bytes: 100, bytesPerSecond: 10 }, past), { low: 10, high: 15 });
  });
});

describe('quantile', () => {
  it('lies between the values', () => {
    assert.deepEqual([quantile([4], 0.25), quantile([3, 1, 2], 0.5), quantile([0, 10], 0.25)], [4, 2, 2.5]);
  });
});
