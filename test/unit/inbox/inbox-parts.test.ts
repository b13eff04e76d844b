import assert from 'node:assert/strict';
import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { newBuild } from '../../../src/builds/transition.ts';
import { isMeant } from '../../../src/inbox/entry-name.ts';
import { contentOf, type Entry, listEntries, stampOf } from '../../../src/inbox/look.ts';
import { parseOptions } from '../../../src/inbox/options.ts';
import { describeBuild, describeRefusal } from '../../../src/inbox/report.ts';
import { fails, throws } from '../../fixtures/fails.ts';
import { type TempFolder, tempFolder } from '../../fixtures/temp-folder.ts';

describe('In the inbox', () => {
  const meant: [name: string, isFolder: boolean, isMeant: boolean][] = [
    ['configuration.nix', false, true],
    ['my server', true, true],
    ['notes.txt', false, false],
    ['.hidden.nix', false, false],
    ['.git', true, false],
    ['a.nix~', false, false],
    ['#a.nix#', false, false],
    ['.a.nix.swp', false, false],
    ['a.nix.part', false, false],
    ['4913', false, false],
    ['a.report.md', false, false],
    ['a.result', true, false],
    ['nexus.yaml', false, false],
    ['a.nexus.yaml', false, false],
    ['README.md', false, false],
    ['README', true, false],
    ['lost+found', true, false],
  ];
  for (const [name, isFolder, is] of meant) {
    it(`${name} is ${is ? 'meant' : 'not meant'} to become a build`, () => {
      assert.equal(isMeant(name, isFolder), is);
    });
  }
});

describe('nexus.yaml', () => {
  it('says what the command line says, in the same words', () => {
    const text = `
variants: [iso, qemu-efi]
diskSize: 20G
limits: { time: 2h, silence: none, artifact: 10G }
priority: 3
nixpkgs: 26.05
`;
    assert.deepEqual(parseOptions('nexus.yaml', text), {
      ...{ variants: ['iso', 'qemu-efi'], diskSize: 20_480, priority: 3, nixpkgs: '26.05' },
      limits: { time: 7200, silence: null, artifact: 10 * 1024 ** 3 },
    });
    assert.deepEqual(parseOptions('nexus.yaml', 'variants: iso'), { variants: ['iso'] });
    assert.deepEqual(parseOptions('nexus.yaml', '\n# nothing\n'), {});
  });

  it('that is wrong is refused with everything that is, and what was probably meant', () => {
    const text = 'varients: iso\ndiskSize: large\nlimits: { tme: 2h, log: much }\n';
    const { message, hint } = throws(() => parseOptions('a.nexus.yaml', text), 'request-invalid');
    assert.match(message, /a\.nexus\.yaml/);
    assert.match(message, /varients: no such option; did you mean variants\?/);
    assert.match(message, /limits\.tme: no such option; did you mean time\?/);
    assert.match(message, /diskSize: must be a size/);
    assert.match(message, /limits\.log: must be a size/);
    assert.match(hint ?? '', /imageName/);
  });

  for (const text of ['[', 'iso', '- iso', 'a: &a [*a, *a]', '\t- x: y: z']) {
    it(`is no mapping: ${JSON.stringify(text)}`, () => {
      throws(() => parseOptions('nexus.yaml', text), 'request-invalid');
    });
  }
});

describe('What was dropped', () => {
  async function entryIn(folder: TempFolder, name = 'host'): Promise<Entry> {
    const entry = (await listEntries(folder.path)).find((found) => found.name === name);
    assert.ok(entry);
    return entry;
  }

  async function dropped(): Promise<TempFolder> {
    const folder = await tempFolder();
    await mkdir(folder.file('host', 'sub'), { recursive: true });
    await writeFile(folder.file('host', 'configuration.nix'), '{ }');
    await writeFile(folder.file('host', 'sub', 'a.nix'), '{ }');
    return folder;
  }

  it('has another stamp when it is touched, but not another content', async () => {
    await using folder = await dropped();
    const entry = await entryIn(folder);
    const before = [await stampOf(entry), await contentOf(entry)];
    assert.deepEqual([await stampOf(entry), await contentOf(entry)], before);
    await utimes(folder.file('host', 'sub', 'a.nix'), 1, 1);
    assert.notEqual(await stampOf(entry), before[0]);
    assert.equal(await contentOf(entry), before[1]);
    await writeFile(folder.file('host', 'sub', 'a.nix'), '{x}');
    assert.notEqual(await contentOf(entry), before[1]);
  });

  it('counts the options beside it, and not what an editor leaves', async () => {
    await using folder = await dropped();
    const before = await contentOf(await entryIn(folder));
    await writeFile(folder.file('host', 'a.nix~'), 'x');
    await mkdir(folder.file('host', '.git'));
    await writeFile(folder.file('host', '.git', 'index'), 'x');
    assert.equal(await contentOf(await entryIn(folder)), before);
    await writeFile(folder.file('host.nexus.yaml'), 'variants: iso');
    assert.notEqual(await contentOf(await entryIn(folder)), before);
  });

  it('may not be a link, nor anything that is no file', async () => {
    await using folder = await tempFolder();
    await symlink('/etc', folder.file('host'));
    await fails(stampOf(await entryIn(folder)), 'source-unsafe', /is a link/);
  });

  it('that goes away under our eyes is nothing', async () => {
    await using folder = await dropped();
    const gone = { name: 'x', path: folder.file('x'), parts: [folder.file('x')] };
    assert.equal(await stampOf(gone), undefined);
  });
});

describe('A report', () => {
  const request = { kind: 'script', name: 'x', script: 'true' } as const;
  const build = newBuild('20260911-101500-3f2a', request, new Date('2026-09-11T10:15:00Z'));

  it('says where it is, and in the end what came of it', () => {
    assert.match(
      describeBuild('host', build),
      /^# `host`: being built\n[\s\S]*nexus logs 20260911-101500-3f2a/,
    );
    const artifact = { name: 'a.iso', bytes: 1500, sha256: 'f'.repeat(64), path: '/out/a.iso' };
    const built = { ...build, state: 'succeeded' as const, artifacts: [artifact] };
    assert.match(describeBuild('host', built), /\| `\/out\/a\.iso` \| 1\.5 kB \| `f{64}` \|/);
  });

  it('cannot be broken by what it tells of', () => {
    const text = describeRefusal('a\n# b|`', {
      code: 'request-invalid',
      message: 'before\n```\n# not a title\n```',
    });
    assert.match(text, /^# a # b `: not built\n/);
    assert.match(text, /\n````\nbefore\n```\n# not a title\n```\n````\n/);
  });
});
