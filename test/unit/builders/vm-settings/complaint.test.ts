import assert from 'node:assert/strict';
import { complaintAbout, complaintAboutSize } from '../../../../src/builders/vm-settings/complaint.ts';

const about = (name: string, text: string) => complaintAbout(name, Buffer.from(text));

describe('complaintAbout', () => {
  it('has nothing against right files', () => {
    const conf = `
# A comment, and a setting with one
extra-substituters = https://a.example https://b.example  # mine
access-tokens = github.com=abc
netrc-file =
include /etc/nix/more.conf
!include /etc/nix/perhaps.conf
`;
    assert.equal(about('nix.conf', conf), undefined);
    assert.equal(
      about('environment', '# proxies\n\nhttps_proxy=http://a:1\n  no_proxy="a, b"\nEMPTY=\n'),
      undefined,
    );
    assert.equal(about('machines', 'anything'), undefined);
    assert.equal(about('ssh/key', '-----BEGIN\n'), undefined);
  });

  for (const line of ['substituters', 'a=b', 'access-tokens github.com=abc', 'include', 'include a b']) {
    it(`says that Nix does not understand “${line}”, without repeating it`, () => {
      assert.equal(about('nix.conf', `cores = 1\n${line}\n`), 'line 2 is not of the form “name = value”');
    });
  }

  for (const line of ['export A=b', 'A b', '1A=b', '=b', 'A=b\\']) {
    it(`says that systemd does not understand “${line}”, without repeating it`, () => {
      assert.equal(about('environment', `${line}\nB=c\n`), 'line 1 is not of the form NAME=value');
    });
  }

  it('says what is no text, or not text of Unix', () => {
    assert.equal(about('ssh/key', 'a\0b'), 'is not text');
    assert.match(about('machines', 'a\r\nb\r\n') ?? '', /CRLF/);
  });
});

describe('complaintAboutSize', () => {
  it('begins above 256 KiB', () => {
    assert.equal(complaintAboutSize(256 * 1024), undefined);
    assert.match(complaintAboutSize(256 * 1024 + 1) ?? '', /has 262145 bytes, and 262144 is the most/);
  });
});
