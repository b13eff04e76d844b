import assert from 'node:assert/strict';
import { lackOn, measureRoom, parseRoom } from '../../../src/builds/builder-room.ts';
import { localTransport } from '../../../src/transport/local-transport.ts';

describe('parseRoom', () => {
  it('takes the fullest disk', () => {
    const text = '      Avail\n 3000\n2000\nmemory 5 kB\nkills 7\n';
    assert.deepEqual(parseRoom(text), { disk: 2000, memory: 5120, oomKills: 7 });
  });

  it('holds nothing against a builder that cannot say', () => {
    assert.deepEqual(parseRoom('Avail\n'), { disk: Infinity, memory: Infinity, oomKills: 0 });
  });

  it('reads what this machine says of itself', async () => {
    const room = await measureRoom({ transport: localTransport(), pipe: { root: '/tmp' } as never });
    assert.ok(room.disk > 0 && Number.isFinite(room.disk));
    assert.ok(room.memory > 0 && Number.isFinite(room.memory));
  });
});

describe('A builder', () => {
  const needed = { builder: 5000, memory: 100, here: 0, timeoutMs: 0 };
  const cases = [
    { disk: 5000, memory: 100, kind: 'image', lack: undefined },
    { disk: 4999, memory: 100, kind: 'image', lack: 'disk' },
    { disk: 4999, memory: 100, kind: 'flake-image', lack: 'disk' },
    { disk: 500, memory: 100, kind: 'nix', lack: undefined },
    { disk: 499, memory: 100, kind: 'script', lack: 'disk' },
    { disk: 5000, memory: 99, kind: 'image', lack: 'memory' },
  ] as const;
  for (const { disk, memory, kind, lack } of cases) {
    it(`with ${disk} of disk and ${memory} of memory lacks ${lack ?? 'nothing'} for ${kind}`, () => {
      assert.equal(lackOn({ disk, memory, oomKills: 0 }, { kind }, needed)?.what, lack);
    });
  }
});
