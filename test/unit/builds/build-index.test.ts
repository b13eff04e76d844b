import assert from 'node:assert/strict';
import { BuildIndex, type BuildQuery } from '../../../src/builds/build-index.ts';

describe('The index of builds', () => {
  const index = new BuildIndex();
  index.load([
    { id: '20261121-1', name: 'server', state: 'failed', key: null, createdAt: '2026-11-21T01:00:00Z' },
    { id: '20261121-2', name: 'Server-two', state: 'queued', key: null, createdAt: '2026-11-21T02:00:00Z' },
    { id: '20261121-3', name: 'laptop', state: 'building', key: null, createdAt: '2026-11-21T03:00:00Z' },
    { id: '20261121-4', name: 'server', state: 'succeeded', key: null, createdAt: '2026-11-21T04:00:00Z' },
  ]);
  const cases: [what: string, query: Partial<BuildQuery>, last: number[], more: boolean][] = [
    ['has all, newest first', {}, [4, 3, 2, 1], false],
    ['says when there are more', { limit: 3 }, [4, 3, 2], true],
    ['goes on where a page ended', { before: '20261121-2' }, [1], false],
    ['finds builds in one state', { state: 'failed' }, [1], false],
    ['finds builds in one of several states', { state: ['queued', 'building'] }, [3, 2], false],
    ['finds builds of one name', { name: 'server' }, [4, 1], false],
    ['finds part of a name, in whatever case', { text: ' SERVER' }, [4, 2, 1], false],
    ['finds part of an id', { text: '1121-3' }, [3], false],
    ['wants everything at once', { text: 'server', state: ['queued', 'failed'], limit: 1 }, [2], true],
  ];
  for (const [what, query, last, more] of cases) {
    it(what, () =>
      assert.deepEqual(index.page({ limit: 10, ...query }), { ids: last.map((n) => `20261121-${n}`), more }),
    );
  }
});
