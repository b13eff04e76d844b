import assert from 'node:assert/strict';
import { isFromOwnPage } from '../../../src/http/own-page.ts';

describe('A request of a browser', () => {
  const host = '127.0.0.1:7788';
  const own = `http://${host}`;
  const cases: [method: string, headers: Record<string, string>, isOwn: boolean][] = [
    ['POST', { 'sec-fetch-site': 'same-origin' }, true],
    ['POST', { 'sec-fetch-site': 'same-site', origin: own }, false],
    ['POST', { 'sec-fetch-site': 'cross-site' }, false],
    ['POST', { 'sec-fetch-site': 'none' }, false],
    ['GET', { 'sec-fetch-site': 'none' }, true],
    ['GET', { 'sec-fetch-site': 'same-site' }, false],
    ['POST', { origin: own }, true],
    ['POST', { origin: 'http://127.0.0.1:8080' }, false],
    ['POST', { origin: 'https://example.org' }, false],
    ['POST', { origin: 'null' }, false],
    ['POST', {}, false],
    ['GET', {}, true],
    ['DELETE', { origin: 'http://127.0.0.1:7788.example.org' }, false],
  ];
  for (const [method, headers, isOwn] of cases) {
    it(`${method} with ${JSON.stringify(headers)} comes from ${isOwn ? 'our' : 'another'} page`, () =>
      assert.equal(isFromOwnPage(method, { host, ...headers }), isOwn));
  }
});
