import assert from 'node:assert/strict';
import { exitStatus } from '../../../src/cli/exit-status.ts';
import { errorCodes, NexusError } from '../../../src/errors.ts';

describe('exitStatus', () => {
  it('is 2 for what no second try repairs, and 1 for all else', () => {
    const usage = errorCodes.filter((code) => exitStatus(new NexusError(code, 'x')) === 2);
    assert.deepEqual(usage, [
      'usage',
      'config-invalid',
      'request-invalid',
      'unknown-variant',
      'source-missing',
      'source-unsafe',
      'source-without-configuration',
    ]);
    for (const thrown of [new Error('x'), 'text', undefined]) assert.equal(exitStatus(thrown), 1);
  });
});
