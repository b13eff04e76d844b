import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { nixString } from '../../../src/builds/nix-string.ts';
import { skipUnless } from '../../fixtures/limits.ts';

const hostile = [
  ...[
    '',
    'plain',
    '"',
    '\\',
    '\\"',
    '${x}',
    '$${x}',
    '$$${x}',
    '\\${x}',
    '$',
    '$$',
    '$"',
    '"$',
    '${',
    '{',
    '}',
  ],
  ...[
    '$\\{',
    '\n',
    '\r',
    '\r\n',
    '\t',
    "''",
    "''${x}",
    'ü 本 🦆',
    '" + abort "" + "',
    '\\n',
    '${"a"}',
    '\x01\x7f',
  ],
];

function nixMissing(): string | undefined {
  try {
    execFileSync('nix-instantiate', ['--version']);
    return undefined;
  } catch {
    return 'nix-instantiate is missing (Debian: apt-get install nix-bin)';
  }
}

describe('nixString', () => {
  it('means to Nix exactly what it was made of', function () {
    skipUnless(this, nixMissing());
    const said = execFileSync(
      'nix-instantiate',
      ['--eval', '--strict', '--json', '--expr', `[ ${hostile.map(nixString).join(' ')} ]`],
      { encoding: 'utf8' },
    );
    assert.deepEqual(JSON.parse(said), hostile);
  });

  it('leaves no unescaped quote and no line break', () => {
    for (const text of hostile) assert.match(nixString(text), /^"([^"\\\n\r]|\\.)*"$/);
  });
});
