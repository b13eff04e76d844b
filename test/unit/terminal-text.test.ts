import assert from 'node:assert/strict';
import { plainText } from '../../src/terminal-text.ts';

const esc = '\x1b';

describe('Plain text', () => {
  it('has no colours and no carriage returns, but its lines and tabs', () => {
    assert.equal(plainText(`${esc}[31;1merror:${esc}[0m\tno\r\n`), 'error:\tno\n');
  });

  it('has nothing left of what systemd prints on a serial console to learn its size', () => {
    const asked = `${esc}[!p${esc}]104\x07${esc}[?7h${esc}[6n${esc}[32766;32766H${esc}[6n`;
    assert.equal(
      plainText(`${asked}[   70.9] input\r\n${asked}nexus-builder login: `),
      '[   70.9] input\nnexus-builder login: ',
    );
  });

  it('has no control character of eight bits either', () => {
    assert.equal(plainText('a\x9b31mb\x85c é'), 'a31mbc é');
  });
});
