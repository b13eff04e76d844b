import assert from 'node:assert/strict';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { Pipe } from '../../../src/bridge/pipe.ts';
import type { StartedBuilder } from '../../../src/builders/builder.ts';
import { copyLog } from '../../../src/builds/copy-log.ts';
import { CleanUp } from '../../../src/clean-up.ts';
import { localTransport } from '../../../src/transport/local-transport.ts';
import { fails } from '../../fixtures/fails.ts';
import { keptLog } from '../../fixtures/kept-log.ts';
import { within } from '../../fixtures/limits.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';
import { until } from '../../fixtures/watcher.ts';

const { logger } = keptLog();

/** This machine as a builder on which no watcher needs to run. */
function builderIn(folder: TempFolder, cleanUp: CleanUp): StartedBuilder {
  const transport = localTransport();
  const pipe = cleanUp.use(new Pipe({ transport, root: folder.path, logger: keptLog().logger }));
  return {
    ...{ kind: 'this-machine', transport, pipe, lost: new AbortController().signal },
    hello: {
      ...{ v: 1, seq: 1, at: '', type: 'hello', epoch: 'e', boot: 'b', system: 'x86_64-linux' },
      ...{ cores: 1, memory: 1, kvm: false, nix: null, disk: { total: 1, free: 1 } },
    },
    consoleTail: async () => '',
    detach: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

describe('copyLog', () => {
  it('brings home what is appended, and at the end what was still missing', async () => {
    await using folder = await tempFolder();
    await using cleanUp = new CleanUp();
    const [remote, local] = [folder.file('remote'), folder.file('local')];
    const log = await copyLog({ builder: builderIn(folder, cleanUp), remote, local, start: 0, logger });
    log.begin();
    await writeFile(remote, 'one\n');
    await until('the first line', async () =>
      (await readFile(local, 'utf8')) === 'one\n' ? true : undefined,
    );
    await appendFile(remote, 'x'.repeat(1_000_000));
    await within('the end', log.finish());
    assert.equal(await readFile(local, 'utf8'), `one\n${'x'.repeat(1_000_000)}`);
  });

  it('leaves an empty log when there was none', async () => {
    await using folder = await tempFolder();
    await using cleanUp = new CleanUp();
    const [remote, local] = [folder.file('remote'), folder.file('local')];
    const log = await copyLog({ builder: builderIn(folder, cleanUp), remote, local, start: 0, logger });
    await within('the end', log.stop());
    assert.equal(await readFile(local, 'utf8'), '');
  });

  it('goes on at the byte at which an earlier copy ended, after what is not of the builder', async () => {
    await using folder = await tempFolder();
    await using cleanUp = new CleanUp();
    const [remote, local] = [folder.file('remote'), folder.file('local')];
    await writeFile(local, 'of an earlier attempt\none\ntw');
    await writeFile(remote, 'one\ntwo\nthree\n');
    const start = 'of an earlier attempt\n'.length;
    const log = await copyLog({ builder: builderIn(folder, cleanUp), remote, local, start, logger });
    await within('the end', log.finish());
    assert.equal(await readFile(local, 'utf8'), 'of an earlier attempt\none\ntwo\nthree\n');
  });

  it('has the log of the builder whole although a crash has taken what was before it', async () => {
    await using folder = await tempFolder();
    await using cleanUp = new CleanUp();
    const [remote, local] = [folder.file('remote'), folder.file('local')];
    await writeFile(local, 'of an');
    await writeFile(remote, 'one\n');
    const log = await copyLog({ builder: builderIn(folder, cleanUp), remote, local, start: 9, logger });
    await within('the end', log.finish());
    assert.equal(await readFile(local, 'utf8'), 'of an\0\0\0\0one\n');
  });

  it('tells that the disk is full, and neither hangs nor ends the process', async () => {
    await using folder = await tempFolder();
    await using cleanUp = new CleanUp();
    const remote = folder.file('remote');
    await writeFile(remote, 'x'.repeat(5_000_000));
    const builder = builderIn(folder, cleanUp);
    const log = await copyLog({ builder, remote, local: '/dev/full', start: 0, logger });
    await fails(log.finish(), 'record-failed', /ENOSPC/);
  });
});
