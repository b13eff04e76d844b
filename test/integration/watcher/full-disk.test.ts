import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PipeFolder } from '../../fixtures/watcher.ts';

const run = promisify(execFile);

interface SmallDisk extends AsyncDisposable {
  readonly path: string;
}

async function mountSmallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'nexus-disk-'));
  await run('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'nexus-test', path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', path]);
      await rm(path, { recursive: true });
    },
  };
}

/** Writes until nothing more fits. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, 'w');
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) if ((await file.write(Buffer.alloc(size, 'x'))).bytesWritten < size) break;
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}

describe('A full disk', () => {
  before(async function () {
    try {
      await using _ = await mountSmallDisk();
    } catch (error) {
      if (process.env.CI) throw error;
      console.log(
        `        left out: no small disk can be mounted here (${(error as Error).message.trim()}); run as root`,
      );
      this.skip();
    }
  });

  it('rejects a script and says why, and serves again when there is room', async () => {
    await using disk = await mountSmallDisk();
    await using pipe = await PipeFolder.create(disk.path);
    await pipe.watch();
    await writeFile(pipe.file('.pipe_in.full'), '# nexus-build: full\ntrue\n');
    await fill(join(disk.path, 'filler'));
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
