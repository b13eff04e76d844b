import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { Sources } from '../../../src/builds/sources.ts';
import { uploadSource } from '../../../src/builds/upload-source.ts';
import { packSource } from '../../../src/cli/pack-source.ts';
import { localTransport } from '../../../src/transport/local-transport.ts';
import { fails } from '../../fixtures/fails.ts';
import { tempFolder } from '../../fixtures/temp-folder.ts';

/** A source that was handed in, and a builder on this machine that counts how often it is sent there. */
async function setUp() {
  const folder = await tempFolder();
  await mkdir(folder.file('source'));
  await writeFile(folder.file('source', "it's $(x).nix"), 'text');
  const sources = new Sources(folder.file('sources'));
  const sha256 = await sources.add((await packSource({ folder: folder.file('source') })).tar);
  const root = folder.file('pipe');
  const given = {
    folder,
    archive: folder.file('pipe', 'sources', `${sha256}.tar`),
    sent: 0,
    upload: (
      build: string,
      open: () => Readable = () => createReadStream(folder.file('sources', `${sha256}.tar`)),
    ) =>
      uploadSource({
        transport: localTransport(),
        ...{ root, folder: folder.file('pipe', 'builds', build), sha256 },
        open: () => {
          given.sent += 1;
          return open();
        },
        signal: new AbortController().signal,
      }),
    text: (build: string) =>
      readFile(folder.file('pipe', 'builds', build, 'source', "it's $(x).nix"), 'utf8'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
  return given;
}

describe('uploadSource', () => {
  it('sends a source once, and unpacks it for every build', async () => {
    await using given = await setUp();
    for (const build of ['one', 'two', 'two']) {
      await given.upload(build);
      assert.equal(await given.text(build), 'text');
    }
    assert.equal(given.sent, 1);
    assert.deepEqual(await readdir(given.folder.file('pipe', 'builds', 'two')), ['source']);
  });

  it('sends it again when the archive on the builder was damaged', async () => {
    await using given = await setUp();
    await given.upload('one');
    await truncate(given.archive, 512);
    await given.upload('two');
    assert.equal(await given.text('two'), 'text');
    assert.equal(given.sent, 2);
  });

  it('unpacks nothing of what did not arrive whole', async () => {
    await using given = await setUp();
    await fails(
      given.upload('one', () => Readable.from(['half'])),
      'command-failed',
      /did not arrive whole/,
    );
    assert.deepEqual(await readdir(given.folder.file('pipe', 'builds', 'one')), []);
    assert.deepEqual(await readdir(given.folder.file('pipe', 'sources')), []);
  });

  it('forgets archives that nobody used for weeks', async () => {
    await using given = await setUp();
    await given.upload('one');
    const old = given.folder.file('pipe', 'sources', `${'0'.repeat(64)}.tar`);
    await writeFile(old, '');
    await utimes(old, 0, 0);
    await given.upload('two');
    assert.deepEqual(await readdir(given.folder.file('pipe', 'sources')), [given.archive.split('/').at(-1)]);
    await rm(given.archive);
    await given.upload('three');
    assert.equal(given.sent, 2);
  });
});
