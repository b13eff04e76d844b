import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PipeFolder } from '../../fixtures/watcher.ts';

const run = promisify(execFile);

/** Runs a `retrieve` command in an empty folder and returns what it fetched. */
async function retrieve(command: string): Promise<{ name: Buffer; content: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'nexus-retrieve-'));
  try {
    await run('bash', ['-c', command], { cwd: folder });
    const [name] = await readdir(folder, { encoding: 'buffer' });
    assert.ok(name);
    return { name, content: await readFile(Buffer.concat([Buffer.from(`${folder}/`), name])) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('nexus-artifact', () => {
  const names = [
    'plain.iso',
    'with space',
    `quo"te's`,
    'new\nline',
    'ends in newline\n',
    'bücher 本.iso',
    '-rf',
    '*?[a]',
    '$(touch hacked)',
    'back\\slash',
    'tab\there',
    '%s%n',
  ];
  for (const name of names) {
    it(`reports ${JSON.stringify(name)} with its bytes and hash, and how to fetch it`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      const content = randomBytes(12_345);
      await mkdir(pipe.build('file', 'source'), { recursive: true });
      await writeFile(pipe.build('file', 'source', name), content);
      await pipe.send('file', 'for file in source/*; do nexus-artifact "$file"; done');
      const finished = await pipe.event('finished', 'file');
      assert.equal(finished.result, 'success', await pipe.log('file'));
      const { path, bytes, sha256, name: reported } = await pipe.event('artifact', 'file');
      assert.deepEqual(
        { path, bytes, sha256, reported },
        {
          path: pipe.build('file', 'source', name),
          bytes: content.length,
          sha256: createHash('sha256').update(content).digest('hex'),
          reported: name,
        },
      );
      const [command, ...more] = finished.retrieve as string[];
      assert.deepEqual(more, []);
      const fetched = await retrieve(String(command));
      assert.equal(fetched.name.toString(), name);
      assert.ok(fetched.content.equals(content));
    });
  }

  it('reports a name that is no UTF-8 with a path that can be said', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const finished = await pipe.runBuild(
      'bytes',
      `printf content > $'b\\xfcch\\xff.iso'; nexus-artifact $'b\\xfcch\\xff.iso'`,
    );
    assert.equal(finished.result, 'success', await pipe.log('bytes'));
    const artifact = await pipe.event('artifact', 'bytes');
    assert.equal(artifact.name, 'b\ufffdch\ufffd.iso');
    assert.equal(await readFile(String(artifact.path), 'utf8'), 'content');
    const fetched = await retrieve(String((finished.retrieve as string[])[0]));
    assert.equal(fetched.content.toString(), 'content');
  });

  it('follows a link, and takes another name', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    const finished = await pipe.runBuild(
      'link',
      'echo x > target; ln -s target result; nexus-artifact result; nexus-artifact target other.iso',
    );
    const artifacts = (await pipe.eventsOf('link')).filter((event) => event.type === 'artifact');
    assert.deepEqual(
      artifacts.map((event) => [event.name, event.path]),
      [
        ['result', pipe.build('link', 'target')],
        ['other.iso', pipe.build('link', 'target')],
      ],
    );
    assert.equal((await retrieve(String((finished.retrieve as string[])[1]))).name.toString(), 'other.iso');
  });

  it('says scp where there is an SSH destination', async () => {
    await using pipe = await PipeFolder.create();
    await pipe.watch();
    await writeFile(pipe.file('ssh_destination'), '-P 2222 root@127.0.0.1\n');
    const finished = await pipe.runBuild(
      'ssh',
      'echo x > /tmp/nexus-test.iso; nexus-artifact /tmp/nexus-test.iso; rm /tmp/nexus-test.iso',
    );
    assert.deepEqual(finished.retrieve, ['scp -P 2222 root@127.0.0.1:/tmp/nexus-test.iso .']);
  });

  const refused = [
    { what: 'a file that is not there', call: 'nexus-artifact nowhere', why: /no such file: nowhere/ },
    { what: 'a folder', call: 'nexus-artifact .', why: /./ },
    { what: 'a name with a slash', call: 'nexus-artifact script a/b', why: /plain file name/ },
    { what: 'no path', call: 'nexus-artifact', why: /usage/ },
  ];
  for (const { what, call, why } of refused) {
    it(`fails for ${what} and reports nothing`, async () => {
      await using pipe = await PipeFolder.create();
      await pipe.watch();
      assert.equal((await pipe.runBuild('no', call)).result, 'exit-code');
      assert.match(await pipe.log('no'), why);
      assert.deepEqual(
        (await pipe.eventsOf('no')).filter((event) => event.type === 'artifact'),
        [],
      );
    });
  }
});
