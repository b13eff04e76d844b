import assert from 'node:assert/strict';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { skipUnless } from '../../fixtures/limits.ts';
import { fillDisk, mountSmallDisk, smallDiskMissing } from '../../fixtures/small-disk.ts';
import { PipeFolder } from '../../fixtures/watcher.ts';

describe('A full disk', () => {
  before(async function () {
    skipUnless(this, await smallDiskMissing());
  });

  it('rejects a script and says why, and serves again when there is room', async () => {
    await using disk = await mountSmallDisk();
    await using pipe = await PipeFolder.create(disk.path);
    await pipe.watch();
    await writeFile(pipe.file('.pipe_in.full'), '# nexus-build: full\ntrue\n');
    await fillDisk(join(disk.path, 'filler'));
    await rename(pipe.file('.pipe_in.full'), pipe.file('pipe_in'));
    assert.match(String((await pipe.event('rejected', 'full')).why), /cannot be kept: .*No space left/);
    await rm(join(disk.path, 'filler'));
    assert.equal((await pipe.runBuild('full', 'true')).result, 'success');
    await pipe.assertSound();
  });

  it('does not keep the end of a build from being told', async () => {
    await using disk = await mountSmallDisk();
    await using pipe = await PipeFolder.create(disk.path);
    await pipe.watch();
    await pipe.send(
      'filler',
      `nexus-phase filling; cat /dev/zero > zeros; for n in {1..30}; do nexus-phase full "$n"; done; exit 5`,
    );
    const finished = await pipe.event('finished', 'filler');
    assert.equal(finished.result, 'exit-code');
    assert.equal(finished.status, 5);
    await rm(pipe.build('filler', 'zeros'));
    assert.equal((await pipe.runBuild('next', 'true')).result, 'success');
    await pipe.assertSound();
  });
});
