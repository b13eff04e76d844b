import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { type Header, type Pack, pack } from 'tar-stream';
import { Sources } from '../../../src/builds/sources.ts';
import { NexusError } from '../../../src/errors.ts';
import { within } from '../../fixtures/limits.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';
import { check } from './check.ts';
import { hostileText } from './hostile.ts';

const run = promisify(execFile);

interface Entry {
  name: string;
  type: NonNullable<Header['type']>;
  linkname?: string;
  content?: string;
}

const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'c', 'A', '.', '..', 'link') },
  { weight: 1, arbitrary: hostileText },
);
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const entry: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ name: path, type: fc.constant('file' as const), content: hostileText }),
  },
  { weight: 2, arbitrary: fc.record({ name: path, type: fc.constant('directory' as const) }) },
  { weight: 3, arbitrary: fc.record({ name: path, type: fc.constant('symlink' as const), linkname: path }) },
  {
    weight: 1,
    arbitrary: fc.record({
      name: path,
      type: fc.constantFrom<Entry['type'][]>('link', 'character-device', 'fifo', 'contiguous-file'),
      linkname: path,
    }),
  },
);

/** What has confused unpackers before. */
const corpus: Entry[][] = [
  [file('a'), file('a')],
  [file('a'), file('./a')],
  [file('a'), file('a/b')],
  [file('a/b'), file('a')],
  [file('a/b'), { name: 'a', type: 'symlink', linkname: 'c' }],
  [{ name: 'a', type: 'symlink', linkname: '..' }, file('a/b')],
  [{ name: 'a', type: 'symlink', linkname: 'b' }, file('a')],
  [{ name: 'a', type: 'symlink', linkname: 'b' }, { name: 'a', type: 'directory' }, file('a/x')],
  [{ name: 'a', type: 'symlink', linkname: '' }],
  [{ name: '.', type: 'symlink', linkname: 'a' }],
  [file('')],
  [file('.')],
  [file('./')],
  [file('a/')],
  [file('/etc/x')],
  [file('../outside')],
  [file('a/../../outside')],
  [{ name: 'b', type: 'symlink', linkname: 'a/../../../outside' }],
  [file('x'.repeat(300))],
  [file(`${'d/'.repeat(2500)}x`)],
  [file('-rf'), file('--to-command=touch hacked')],
  [file('two\nlines'), file('\x1b[31m')],
  [{ name: 'a', type: 'directory' }, { name: 'a', type: 'directory' }, file('a/b')],
];

function file(name: string): Entry {
  return { name, type: 'file', content: 'x' };
}

async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  const bytes = buffer(Readable.from(tar));
  for (const { content, ...header } of entries) {
    // Its types want an entry to be right; here it may be anything.
    tar.entry({ ...header, mode: 0o644 } as Parameters<Pack['entry']>[0], content ?? '');
  }
  tar.finalize();
  return bytes;
}

/** Every path below a folder but those of folders, and those of folders too when they are empty. */
async function pathsIn(folder: string): Promise<string[]> {
  const { stdout } = await run('find', ['.', '-not', '-type', 'd', '-printf', '%P\\0'], {
    cwd: folder,
    maxBuffer: 2 ** 24,
  });
  return stdout.split('\0').slice(0, -1);
}

/** Takes an upload in as the API does; what is accepted has to unpack as the builder unpacks it. */
async function checkUpload(folder: TempFolder, upload: Buffer): Promise<void> {
  const sources = new Sources(folder.file('sources'));
  let id: string;
  try {
    id = await within('the end of an upload', sources.add(Readable.from([upload])));
  } catch (error) {
    assert.ok(
      error instanceof NexusError,
      `not refused but broken: ${error instanceof Error ? error.stack : error}`,
    );
    assert.match(error.code, /^(source-unsafe|request-invalid)$/);
    const left = await readdir(folder.file('sources'));
    assert.deepEqual(
      left.filter((name) => name.startsWith('.')),
      [],
      'a refused upload leaves nothing',
    );
    return;
  }
  const target = folder.file('around', 'target');
  await mkdir(target, { recursive: true });
  try {
    const archive = join(folder.file('sources'), `${id}.tar`);
    await run('tar', ['-x', '--no-same-owner', '-C', target, '-f', archive]);
    assert.deepEqual((await pathsIn(target)).sort(), (await sources.files(id)).sort());
    assert.deepEqual(await readdir(folder.file('around')), ['target'], 'nothing lies beside it');
  } finally {
    await rm(target, { recursive: true });
  }
}

/** Where the fields of a tar header are (tar(5)). */
const fields = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  type: [156, 1],
  linkname: [157, 100],
} as const;

type Field = [keyof typeof fields, Buffer];

/** Writes bytes into a field of the first header and makes its sum right again. */
function withField(tar: Buffer, field: keyof typeof fields, bytes: Buffer): Buffer {
  const changed = Buffer.from(tar);
  const [start, length] = fields[field];
  bytes.copy(changed, start, 0, length);
  changed.fill(' ', 148, 156);
  const sum = changed.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

const sizes = [
  ...['77777777777\0', '00000000000\0', '-0000000001\0', '99999999999\0', 'abcdefghijkl', '            '],
  ...[
    '\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff',
    '\xff'.repeat(12),
    '\x80\0\0\0\0\0\0\0\0\0\0\0',
    '\x80'.repeat(12),
  ],
].map((text) => Buffer.from(text, 'latin1'));

describe('An uploaded archive', () => {
  it('is refused, or unpacks to exactly the files that it is said to have', async () => {
    await using folder = await tempFolder();
    await check(
      60,
      fc.array(entry, { maxLength: 6 }),
      async (entries) => checkUpload(folder, await tarOf(entries)),
      corpus,
    );
  });

  it('is refused in its own words when bytes of it are damaged', async () => {
    await using folder = await tempFolder();
    const whole = await tarOf([file('a'), file('b/c'), { name: 'd', type: 'symlink', linkname: 'a' }]);
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await check(60, fc.tuple(damage, fc.nat(whole.length)), async ([changes, length]) => {
      const damaged = Buffer.from(whole);
      for (const [at, byte] of changes) damaged[at] = byte;
      await checkUpload(folder, damaged.subarray(0, length));
    });
  });

  it('is refused or taken, but never waited for, whatever a header says', async () => {
    await using folder = await tempFolder();
    const whole = await tarOf([file('a'), file('b')]);
    const anyBytes = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    // A folder with a size is the last one.
    const known: Field[] = [...sizes.map((size): Field => ['size', size]), ['type', Buffer.from('5')]];
    await check(
      60,
      fc.tuple(fc.constantFrom(...(Object.keys(fields) as (keyof typeof fields)[])), anyBytes),
      ([field, bytes]) => checkUpload(folder, withField(whole, field, bytes)),
      known,
    );
  });

  it('may be anything at all', async () => {
    await using folder = await tempFolder();
    await check(30, fc.uint8Array({ maxLength: 2048 }), (bytes) => checkUpload(folder, Buffer.from(bytes)));
  });
});
