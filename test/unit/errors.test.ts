import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { errorCodes, messageOf, NexusError, reportError, systemCodeOf } from '../../src/errors.ts';

const page = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

describe('The error codes', () => {
  it('are those of docs/errors.md, in the same order', async () => {
    const headings = (await readFile(page, 'utf8')).matchAll(/^## `([^`]+)`$/gm);
    assert.deepEqual(
      [...headings].map(([, code]) => code),
      [...errorCodes],
    );
  });

  it('are words with hyphens, each there once', () => {
    for (const code of errorCodes) assert.match(code, /^[a-z]+(-[a-z]+)*$/);
    assert.equal(new Set(errorCodes).size, errorCodes.length);
  });
});

describe('reportError', () => {
  it('gives code, message and hint of ours, and “internal” for all else', () => {
    const ours = new NexusError('not-found', 'There is none', { hint: 'Look elsewhere' });
    assert.deepEqual(reportError(ours), {
      code: 'not-found',
      message: 'There is none',
      hint: 'Look elsewhere',
    });
    assert.deepEqual(reportError(new TypeError('x is not a function')), {
      code: 'internal',
      message: 'x is not a function',
    });
    assert.deepEqual(reportError('text'), { code: 'internal', message: 'text' });
  });

  it('keeps the cause', () => {
    const cause = new Error('below');
    assert.equal(new NexusError('internal', 'above', { cause }).cause, cause);
  });
});

describe('messageOf and systemCodeOf', () => {
  it('take whatever was thrown', () => {
    for (const thrown of [null, undefined, 1, 'text', {}, new Error('message')]) {
      assert.equal(typeof messageOf(thrown), 'string');
    }
    assert.equal(systemCodeOf(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
    assert.equal(systemCodeOf(Object.assign(new Error('x'), { code: 7 })), undefined);
    assert.equal(systemCodeOf({ code: 'ENOENT' }), undefined);
  });
});
