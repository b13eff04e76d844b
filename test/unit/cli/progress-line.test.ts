import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { progressLine } from '../../../src/cli/progress-line.ts';
import { until } from '../../fixtures/watcher.ts';

/** Not a terminal. */
function sink() {
  const out = new PassThrough();
  let text = '';
  out.on('data', (chunk) => {
    text += chunk;
  });
  return { out: out as unknown as NodeJS.WriteStream, said: () => text };
}

describe('progressLine', () => {
  it('says each new step once', async () => {
    const { out, said } = sink();
    using line = progressLine(out);
    for (const [key, text] of [
      ['a', 'a 1'],
      ['a', 'a 2'],
      ['b', 'b 1'],
    ] as const)
      line.show({ key, text });
    await until('both', () => said().includes('b') || undefined);
    assert.equal(said(), 'a 1\nb 1\n');
  });

  it('says now and then that it is still the same, unless something else tells', async () => {
    const { out, said } = sink();
    using line = progressLine(out, 5);
    line.show({ key: 'a', text: 'building' });
    await until(
      'two beats',
      () => (said().match(/^still building \(\d+ s\)$/gm) ?? []).length >= 2 || undefined,
    );
    line.pause();
    const before = said();
    line.show({ key: 'b', text: 'next' });
    assert.ok(said().startsWith(before));
    await until('the next', () => /next/.test(said()) || undefined);
  });
});
