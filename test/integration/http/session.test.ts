import assert from 'node:assert/strict';
import { TestOrchestrator } from '../../fixtures/orchestrator.ts';

describe('A session of the dashboard', () => {
  let nexus: TestOrchestrator;

  before(async () => {
    nexus = await TestOrchestrator.start();
  });
  after(async () => nexus?.[Symbol.asyncDispose]());

  /** A request as a browser sends it from our own page, unless it says something else. */
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`${nexus.running.url}${path}`, {
      method,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  async function login(): Promise<string> {
    const reply = await send('POST', '/session', { token: nexus.running.token });
    assert.equal(reply.status, 204);
    return reply.headers.get('set-cookie')?.split(';')[0] ?? '';
  }

  it('begins with the token, and its cookie is out of reach for scripts and other sites', async () => {
    const reply = await send('POST', '/session', { token: nexus.running.token });
    const cookie = reply.headers.get('set-cookie') ?? '';
    assert.match(cookie, /; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
    assert.ok(!cookie.includes(nexus.running.token));
    const secure = await send(
      'POST',
      '/session',
      { token: nexus.running.token },
      { 'x-forwarded-proto': 'https' },
    );
    assert.match(secure.headers.get('set-cookie') ?? '', /; Secure$/);
  });

  it('does not begin with another token, or from another page', async () => {
    assert.equal((await send('POST', '/session', { token: 'wrong' })).status, 401);
    const foreign = { 'sec-fetch-site': 'same-site' };
    assert.equal((await send('POST', '/session', { token: nexus.running.token }, foreign)).status, 401);
    for (const body of [{}, { token: 1 }, { token: 'x', code: 'y' }])
      assert.equal((await send('POST', '/session', body)).status, 400);
  });

  it('begins once with a code that the token has asked for', async () => {
    const asked = await nexus.fetch('/api/v1/login-codes', { method: 'POST' });
    const { code } = (await asked.json()) as { code: string };
    assert.equal((await send('POST', '/session', { code })).status, 204);
    assert.equal((await send('POST', '/session', { code })).status, 401);
  });

  it('opens the API to our own page and to nobody else', async () => {
    const cookie = await login();
    const from = async (method: string, path: string, site: string) =>
      (await send(method, path, undefined, { cookie, 'sec-fetch-site': site })).status;
    assert.equal(await from('GET', '/api/v1/builds', 'same-origin'), 200);
    assert.equal(await from('GET', '/api/v1/builds', 'none'), 200);
    assert.equal(await from('GET', '/api/v1/builds', 'same-site'), 401);
    assert.equal(await from('POST', '/api/v1/builds/x/cancel', 'same-origin'), 404);
    assert.equal(await from('POST', '/api/v1/builds/x/cancel', 'same-site'), 401);
    assert.equal(await from('POST', '/api/v1/builds/x/cancel', 'cross-site'), 401);
  });

  it('is said to be valid or not, and ends', async () => {
    const isValid = async (cookie: string) =>
      ((await (await send('GET', '/session', undefined, { cookie })).json()) as { valid: boolean }).valid;
    const cookie = await login();
    assert.deepEqual(
      [await isValid(cookie), await isValid(''), await isValid(`${cookie}x`)],
      [true, false, false],
    );
    const ended = await send('DELETE', '/session');
    assert.match(ended.headers.get('set-cookie') ?? '', /=; Path=\/; Max-Age=0;/);
    assert.equal(
      (await send('DELETE', '/session', undefined, { 'sec-fetch-site': 'cross-site' })).status,
      401,
    );
  });

  it('does not weaken a wrong token', async () => {
    const headers = { cookie: await login(), authorization: 'Bearer wrong' };
    assert.equal((await send('GET', '/api/v1/builds', undefined, headers)).status, 401);
    const unnamed = { authorization: nexus.running.token };
    assert.equal((await send('GET', '/api/v1/builds', undefined, unnamed)).status, 401);
  });

  it('is not needed for the page itself, which is served with a strict policy', async () => {
    for (const path of ['/', '/builds/x', '/new', '/builder', '/api/v1/builds', '/nothing']) {
      const { headers } = await send('GET', path);
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy, /unsafe|https?:|\*/);
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin');
    }
  });
});
