import assert from 'node:assert/strict';
import { Access, sessionSeconds } from '../../../src/http/access.ts';

const token = 'a-token-of-the-tests';
const now = Date.parse('2026-11-21T12:00:00Z');

describe('Access', () => {
  const access = new Access(token);

  it('is for the token and nothing else', () => {
    assert.ok(access.acceptsToken(token));
    for (const wrong of ['', `${token} `, token.slice(1), token.toUpperCase()])
      assert.ok(!access.acceptsToken(wrong));
  });

  it('is for a session until its end, after a restart too', () => {
    const session = access.newSession(now);
    for (const each of [access, new Access(token)]) {
      assert.ok(each.acceptsSession(session, now));
      assert.ok(each.acceptsSession(session, now + (sessionSeconds - 1) * 1000));
      assert.ok(!each.acceptsSession(session, now + sessionSeconds * 1000));
    }
    assert.ok(!new Access(`${token}2`).acceptsSession(session, now), 'another token ends all sessions');
  });

  it('is not for a session that was changed or made up', () => {
    const [ends = '', nonce, mac] = access.newSession(now).split('.');
    const made = [
      '',
      '..',
      'x',
      `${Number(ends) + 1}.${nonce}.${mac}`,
      `${ends}.x.${mac}`,
      `${ends}.${nonce}.`,
      `${ends}.${nonce}`,
    ];
    for (const session of made) assert.ok(!access.acceptsSession(session, now), session);
  });

  it('is for a code once, and for a few minutes', () => {
    const code = access.newCode(now);
    assert.ok(access.takeCode(code, now));
    assert.ok(!access.takeCode(code, now));
    assert.ok(!access.takeCode(access.newCode(now), now + 5 * 60_000));
    assert.ok(!access.takeCode('', now));
  });

  it('gives sessions, names and codes that do not show the token', () => {
    for (const text of [access.newSession(), access.cookieName, access.newCode()])
      assert.ok(!text.includes(token));
    assert.notEqual(access.cookieName, new Access(`${token}2`).cookieName);
  });
});
