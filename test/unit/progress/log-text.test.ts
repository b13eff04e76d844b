import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { longestLine } from '../../../src/progress/line-splitter.ts';
import { renderLog, renderStream } from '../../../src/progress/log-text.ts';
import { recordedLog } from '../../fixtures/nix-logs.ts';

const stream = (chunks: Buffer[], skip = 0) => Readable.from(renderStream(Readable.from(chunks), skip));
const render = (raw: string) => text(stream([Buffer.from(raw)]));

/** Cuts a log anywhere, also within a letter. */
function cut(raw: string, size: number): Buffer[] {
  const whole = Buffer.from(raw);
  const count = Math.ceil(whole.length / size);
  return Array.from({ length: count }, (_, index) => whole.subarray(index * size, (index + 1) * size));
}

describe('The text of a log', () => {
  it('is what Nix prints for people, with the name of whose line it is', async () => {
    assert.equal(
      await render(recordedLog('image')),
      `these 3 derivations will be built:
  /nix/store/94yvmv84xmz67a731g9sl3mflrla90j4-etc.drv
  /nix/store/av3njzl8ccz1wrkswijrqhy62xiizkad-kernel-6.12.drv
  /nix/store/nc613qkcpcmy4k4x598g4j4dq7xb1ar8-nixos-disk-image.drv
these 2 paths will be fetched (0.95 MiB download, 0.95 MiB unpacked):
  /nix/store/l40dahh9w1d6xdg7ndvb3r119xmyiwjp-tool-0.3
  /nix/store/vj0vgj6f0ipbzlrgpglld72gy4663k64-library-1.2
copying path '/nix/store/l40dahh9w1d6xdg7ndvb3r119xmyiwjp-tool-0.3' from 'file:///tmp/recording/cache'
copying path '/nix/store/vj0vgj6f0ipbzlrgpglld72gy4663k64-library-1.2' from 'file:///tmp/recording/cache'
building '/nix/store/94yvmv84xmz67a731g9sl3mflrla90j4-etc.drv'
building '/nix/store/av3njzl8ccz1wrkswijrqhy62xiizkad-kernel-6.12.drv'
etc> etc
kernel-6.12> Running phase: unpackPhase
kernel-6.12> Running phase: buildPhase
kernel-6.12>   CC  file1.o
kernel-6.12>   CC  file2.o
kernel-6.12>   CC  file3.o
kernel-6.12> \u001b[33mwarning: yellow\u001b[0m
building '/nix/store/nc613qkcpcmy4k4x598g4j4dq7xb1ar8-nixos-disk-image.drv'
nixos-disk-image> done
`,
    );
  });

  it('keeps what is not of Nix, to the last line without an end', async () => {
    const raw = 'plain\n\n@nix {"action":"start"\n  Gruß ✓\nno end';
    assert.equal(await render(raw), raw);
    assert.equal(await render(''), '');
  });

  it('never changes when a log goes on, wherever it was cut', async () => {
    const raw = `first\n${recordedLog('failure').slice(-900)}last`;
    const whole = await render(raw);
    for (let end = 0; end <= raw.length; end += 1) {
      const part = await render(raw.slice(0, end));
      assert.ok(whole.startsWith(part), `${JSON.stringify(part.slice(-80))} at ${end}`);
    }
  });

  it('lets nothing through that moves a cursor or sets a title, and shows what overwrote a line', async () => {
    const raw =
      'a\u001b[2Jb\u001b]0;title\u0007c\u001b[1;31mred\u001b[0m\n10 %\r20 %\r\nx\u0000\u0008\u009by\tz\u001b';
    assert.equal(await render(`${raw}\n`), 'abc\u001b[1;31mred\u001b[0m\n20 %\nxy\tz\n');
  });

  it('is the same however the bytes came, and goes on at any byte', async () => {
    const raw = `Gruß ✓\n${recordedLog('failure')}`;
    const whole = await buffer(stream([Buffer.from(raw)]));
    for (const size of [1, 7, 4096]) assert.deepEqual(await buffer(stream(cut(raw, size))), whole);
    for (const skip of [0, 1, 5, 700, whole.length - 1, whole.length, whole.length + 9]) {
      assert.deepEqual(await buffer(stream(cut(raw, 100), skip)), whole.subarray(skip), `from ${skip}`);
    }
  });

  it('cuts a line that is too long, and goes on after it', async () => {
    const chunks = Array.from({ length: 20 }, () => Buffer.alloc(longestLine / 8, 'x'));
    const said = await text(stream([...chunks, Buffer.from('y\nnext\n')]));
    assert.equal(said.length, longestLine + '\nnext\n'.length);
    assert.ok(said.endsWith('x\nnext\n'));
  });

  it('forgets builds that have stopped, and knows only so many at once', () => {
    const start = (id: number) =>
      `@nix {"action":"start","id":${id},"type":105,"level":5,"text":"","fields":["/nix/store/${'0'.repeat(32)}-b${id}.drv"]}`;
    const say = (id: number) => `@nix {"action":"result","id":${id},"type":101,"fields":["hi"]}`;
    const many = Array.from({ length: 5000 }, (_, id) => start(id));
    const lines = renderLog([...many, say(0), say(4999), '@nix {"action":"stop","id":0}', say(0)].join('\n'));
    assert.deepEqual(
      lines.map((line) => line.text),
      ['b0> hi', 'hi', 'hi'],
    );
  });
});
