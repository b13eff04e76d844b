import assert from 'node:assert/strict';
import { parseBytes, parseDuration } from '../../src/amounts.ts';

describe('parseDuration', () => {
  const table: [text: string, seconds: number | undefined][] = [
    ['90', 90],
    ['90s', 90],
    ['30m', 1800],
    ['2h', 7200],
    ['1d', 86_400],
    ['1h30m', 5400],
    ['0', 0],
    ...['', 'h', '-1h', '1.5h', '2 h', '2H', '1w', 'soon', '1h30', '9'.repeat(30)].map(
      (text): [string, undefined] => [text, undefined],
    ),
  ];
  for (const [text, seconds] of table)
    it(`reads “${text}” as ${seconds}`, () => assert.equal(parseDuration(text), seconds));
});

describe('parseBytes', () => {
  const table: [text: string, bytes: number | undefined][] = [
    ['1000', 1000],
    ['4K', 4096],
    ['512M', 512 * 1024 ** 2],
    ['10G', 10 * 1024 ** 3],
    ['10GiB', 10 * 1024 ** 3],
    ['2TB', 2 * 1024 ** 4],
    ...['', 'G', '-1G', '1.5G', '1 G', '10g', '10P', '999999999999T'].map((text): [string, undefined] => [
      text,
      undefined,
    ]),
  ];
  for (const [text, bytes] of table)
    it(`reads “${text}” as ${bytes}`, () => assert.equal(parseBytes(text), bytes));
});
