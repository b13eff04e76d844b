import assert from 'node:assert/strict';
import { errorCodes } from '../../../src/errors.ts';
import { statusOf } from '../../../src/http/error-status.ts';

describe('statusOf', () => {
  it('blames the client for what is the client’s fault only', () => {
    const client = errorCodes.filter((code) => statusOf(code) >= 400 && statusOf(code) < 500);
    assert.deepEqual(client, [
      'request-invalid',
      'unknown-variant',
      'source-unsafe',
      'source-without-configuration',
      'boot-unavailable',
      'boot-ended',
      'not-found',
      'not-finished',
      'pinned',
      'unauthorized',
    ]);
  });

  it('says with 503 that another time may do', () => {
    assert.deepEqual(
      errorCodes.filter((code) => statusOf(code) === 503),
      ['no-builder', 'engine-unreachable', 'stopping'],
    );
    assert.equal(statusOf('internal'), 500);
  });
});
