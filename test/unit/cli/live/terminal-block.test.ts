import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { TerminalBlock } from '../../../../src/cli/live/terminal-block.ts';

/** Keeps every write, as a terminal would get it. */
class Screen extends Writable {
  readonly writes: string[] = [];
  columns = 40;
  rows = 10;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writes.push(chunk.toString());
    this.emit('written');
    done();
  }
}

const open = (lines: () => string[]) => {
  const screen = new Screen();
  return { screen, block: new TerminalBlock(screen as unknown as NodeJS.WriteStream, lines) };
};

describe('A block on a terminal', () => {
  it('makes one write of ten thousand changes and lines, and hides the cursor meanwhile', async () => {
    let count = 0;
    const { screen, block } = open(() => [`count ${count}`]);
    for (; count < 10_000; count += 1) {
      block.print(Buffer.from(`line ${count}\n`));
      block.update();
    }
    await once(screen, 'written');
    assert.equal(screen.writes.length, 2);
    assert.equal(screen.writes[0], '\u001b[?25l');
    const [lines] = screen.writes[1]?.split('count ') ?? [];
    assert.equal(lines?.split('\n').length, 10_001);
    assert.ok(screen.writes[1]?.endsWith('count 10000\u001b[K\u001b[J'));
    block[Symbol.dispose]();
    assert.ok(screen.writes.at(-1)?.endsWith('\u001b[?25h'));
  });

  it('draws over what it has drawn, row for row, also what a narrower terminal has wrapped', async () => {
    let lines = ['x'.repeat(30), 'y'.repeat(10)];
    const { screen, block } = open(() => lines);
    block.update();
    await once(screen, 'written');
    screen.columns = 20;
    lines = ['z'];
    screen.emit('resize');
    await once(screen, 'written');
    assert.equal(screen.writes.at(-1), '\r\u001b[2Az\u001b[K\u001b[J');
    block[Symbol.dispose]();
  });

  it('is never higher than the terminal, and shows a last line without an end', async () => {
    const { screen, block } = open(() => Array.from({ length: 50 }, (_, index) => `${index}`));
    block.print(Buffer.from('no end'));
    block.update();
    await once(screen, 'written');
    assert.equal(screen.writes.at(-1)?.split('\n').length, 9);
    assert.ok(!screen.writes.at(-1)?.includes('no end'));
    block[Symbol.dispose]();
    assert.ok(screen.writes.join('').includes('no end'));
  });

  it('leaves no listener behind', () => {
    const count = () => ['exit', 'SIGINT', 'SIGTERM', 'SIGCONT'].map((name) => process.listenerCount(name));
    const before = count();
    const { screen, block } = open(() => []);
    block[Symbol.dispose]();
    assert.deepEqual(count(), before);
    assert.equal(screen.listenerCount('resize'), 0);
  });
});
