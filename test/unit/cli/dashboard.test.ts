import assert from 'node:assert/strict';
import { loginAddress } from '../../../src/cli/dashboard.ts';

describe('The address that logs in', () => {
  const cases: [url: string, address: string][] = [
    ['http://127.0.0.1:7788', 'http://127.0.0.1:7788/#login=x_-9'],
    ['http://0.0.0.0:7788', 'http://127.0.0.1:7788/#login=x_-9'],
    ['http://[::]:7788', 'http://127.0.0.1:7788/#login=x_-9'],
    ['http://orchestrator:7788/', 'http://127.0.0.1:7788/#login=x_-9'],
    ['https://nexus.example.org', 'https://nexus.example.org/#login=x_-9'],
  ];
  for (const [url, address] of cases) {
    it(`of ${url} is ${address}`, () => assert.equal(loginAddress(url, 'x_-9'), address));
  }
});
