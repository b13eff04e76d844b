import assert from 'node:assert/strict';
import { findDerivationFailure } from '../../../src/progress/failure.ts';
import { recordedLog, untilLine } from '../../fixtures/nix-logs.ts';

describe('findDerivationFailure', () => {
  it('finds the derivation that failed first and the last lines of its own log', () => {
    const failure = findDerivationFailure(recordedLog('failure'));
    assert.equal(failure?.derivation, 'broken-1.0');
    assert.equal(failure.how, 'exit code 3');
    assert.deepEqual(failure.lines.slice(-2), ['compiling 15', 'foo.c:3: error: expected ;']);
    assert.equal(failure.lines.length, 17);
  });

  it('finds its lines also when their beginning is not there any more', () => {
    const log = recordedLog('failure');
    const end = log.slice(untilLine(log, 'compiling 10').length);
    assert.deepEqual(findDerivationFailure(end)?.lines, [
      ...['compiling 11', 'compiling 12', 'compiling 13', 'compiling 14', 'compiling 15'],
      'foo.c:3: error: expected ;',
    ]);
  });

  it('understands the words of Nix since 2.29', () => {
    const message =
      "error: Cannot build '/nix/store/7da77kcb6wjznj811qkdb4rsckvbllwr-nix-store-2.33.drv'.\n" +
      '       Reason: builder failed with exit code 1.\n       Output paths:';
    const log = `@nix ${JSON.stringify({ action: 'msg', level: 0, msg: message })}\n`;
    const failure = findDerivationFailure(log);
    assert.deepEqual([failure?.derivation, failure?.how], ['nix-store-2.33', 'exit code 1']);
  });

  it('finds nothing where nothing failed', () => {
    assert.equal(findDerivationFailure(recordedLog('image')), undefined);
    assert.equal(findDerivationFailure('hello\n'), undefined);
  });
});
