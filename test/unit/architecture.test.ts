import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** Files that anybody may import, and that know only one another. */
const leaves = [
  ...[
    'amounts.ts',
    'clean-up.ts',
    'config.ts',
    'data-lock.ts',
    'data-folder.ts',
    'environment.ts',
    'errors.ts',
    'folder-bytes.ts',
    'give-to-owner.ts',
    'limits.ts',
    'log.ts',
    'nixpkgs.ts',
    'notify-config.ts',
    'paths.ts',
    'room-here.ts',
    'terminal-text.ts',
    'token.ts',
    'version.ts',
  ],
  'write-file-atomically.ts',
];

/** The files of a room that others may see although they may not see the room. */
const faces: Record<string, string> = {
  'builders/builder.ts': 'a builder’s interface',
  'builders/builder-life.ts': 'a builder’s interface',
  'builders/task.ts': 'a builder’s interface',
  'http/schemas.ts': 'the API’s schemas',
  // The command line and the inbox take in the same things.
  'cli/pack-source.ts': 'a person’s folder',
  'cli/git-files.ts': 'a person’s folder',
  'cli/left-out.ts': 'a person’s folder',
  'cli/source-fingerprint.ts': 'a person’s folder',
  'cli/resolve-source.ts': 'a person’s folder',
  'retention/gc-report.ts': 'the API’s schemas',
  // It is a command like the others, but what it runs is the orchestrator.
  'cli/serve.ts': 'nexus serve',
  'cli.ts': 'the program',
  'cli/commands.ts': 'the program',
  'main.ts': 'main',
};

/** Who may import whom, besides the leaves and one’s own room. */
const arrows: Record<string, readonly string[]> = {
  leaf: [],
  transport: [],
  progress: ['transport'],
  boot: ['transport'],
  bridge: ['transport'],
  artifacts: ['transport'],
  'a builder’s interface': ['bridge', 'transport'],
  builders: ['a builder’s interface', 'boot', 'bridge', 'transport'],
  builds: ['a builder’s interface', 'artifacts', 'boot', 'bridge', 'progress', 'transport'],
  'the API’s schemas': ['builds', 'progress'],
  http: [
    ...['the API’s schemas', 'a builder’s interface', 'boot', 'builds', 'retention', 'bridge'],
    ...['metrics', 'progress', 'transport'],
  ],
  retention: ['the API’s schemas', 'a builder’s interface', 'builds', 'bridge', 'transport'],
  notifications: ['builds', 'transport'],
  metrics: ['a builder’s interface', 'builds'],
  'a person’s folder': [],
  inbox: ['a person’s folder', 'builds', 'bridge', 'transport'],
  // It may look at every kind of builder, and starts none.
  doctor: ['boot', 'builders', 'a builder’s interface', 'transport'],
  cli: ['the API’s schemas', 'a person’s folder', 'builds', 'doctor', 'progress'],
  // Of the API it may know the shapes, and of builds what a browser can run as well.
  dashboard: ['the API’s schemas', 'boot', 'builds', 'progress'],
  'nexus serve': ['cli', 'main'],
  'the program': ['nexus serve', 'cli'],
  main: [
    'a builder’s interface',
    'builders',
    'builds',
    'bridge',
    'artifacts',
    'http',
    'inbox',
    'boot',
    'progress',
    'retention',
    'notifications',
    'metrics',
    'retention',
    'transport',
  ],
};

/** Packages that only these files may know. */
const confined: Record<string, RegExp> = {
  dockerode: /^builders\/docker-vm\//,
  ssh2: /^transport\//,
  chokidar: /^(transport|inbox)\//,
  winston: /^log\.ts$/,
  fastify: /^http\//,
  preact: /^dashboard\//,
  vite: /^dashboard\//,
  '@novnc/novnc': /^dashboard\/machine\//,
  commander: /^(cli\/|cli\.ts$)/,
};

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const texts = new Map(files.map((file) => [file, readFileSync(posix.join(src, file), 'utf8')]));

const textOf = (file: string) => texts.get(file) ?? '';

/** What a file imports, as it is written there. */
function specifiers(file: string): string[] {
  const found = textOf(file).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"]+)['"]/g);
  return [...found].map(([, specifier]) => specifier ?? '');
}

/** The files of src that a file imports. */
function imports(file: string): string[] {
  const own = specifiers(file).filter((specifier) => specifier.startsWith('.'));
  return own.map((specifier) => posix.join(posix.dirname(file), specifier));
}

function roomOf(file: string): string {
  if (leaves.includes(file)) return 'leaf';
  return faces[file] ?? file.split('/')[0] ?? file;
}

/** A way through the imports that comes back to where it began. */
function findCycle(): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports(file)) {
      const cycle = visit(next, [...way, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  return files.map((file) => visit(file, [])).find((cycle) => cycle !== undefined);
}

describe('The source', () => {
  it('is found, every room and every leaf of it', () => {
    for (const leaf of leaves) assert.ok(texts.has(leaf), `${leaf} is gone`);
    for (const face of Object.keys(faces)) assert.ok(texts.has(face), `${face} is gone`);
    const unknown = files.map(roomOf).filter((room) => !(room in arrows));
    assert.deepEqual(unknown, [], 'rooms without arrows');
  });

  it('imports only files that exist', () => {
    const lost = files.flatMap((file) =>
      imports(file)
        .filter((target) => !texts.has(target))
        .map((target) => `${file} → ${target}`),
    );
    assert.deepEqual(lost, []);
  });

  it('imports along the arrows only', () => {
    const against = files.flatMap((file) => {
      const room = roomOf(file);
      const allowed = ['leaf', room, ...(arrows[room] ?? [])];
      return imports(file)
        .filter((target) => !allowed.includes(roomOf(target)))
        .map((target) => `${file} (${room}) → ${target} (${roomOf(target)})`);
    });
    assert.deepEqual(against, []);
  });

  it('has no import cycle', () => {
    assert.equal(findCycle()?.join(' → '), undefined);
  });

  for (const [name, allowed] of Object.entries(confined)) {
    it(`knows ${name} only where it matches ${allowed}`, () => {
      const knowing = files.filter((file) => specifiers(file).includes(name));
      assert.deepEqual(
        knowing.filter((file) => !allowed.test(file)),
        [],
      );
      assert.ok(knowing.length > 0, `nobody imports ${name}; take it out of this table`);
    });
  }

  it('gives a browser nothing that only Node.js can run', () => {
    // Types vanish; what is left of an import is in the bundle, with all that it imports in turn.
    const kept = (file: string): string[] => {
      const text = textOf(file).replace(/^import type [^;]*;$/gm, '');
      return [...text.matchAll(/^import (?:[^;]* from )?'([^']+)';$/gm)].map(
        ([, specifier]) => specifier ?? '',
      );
    };
    const found = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string) => {
      if (found.has(file) || file.endsWith('vite.config.ts')) return;
      found.add(file);
      for (const specifier of kept(file)) {
        if (specifier.startsWith('.')) visit(posix.join(posix.dirname(file), specifier));
        else packages.add(specifier);
      }
    };
    for (const file of files.filter((file) => file.startsWith('dashboard/'))) visit(file);
    // What draws screens is not among them: it is imported where it is first needed, so the page does without it.
    assert.deepEqual([...packages].sort(), ['preact', 'preact/hooks']);
  });

  it('reads process.env in config.ts and environment.ts only', () => {
    assert.deepEqual(
      files.filter((file) => textOf(file).includes('process.env')),
      ['config.ts', 'environment.ts'],
    );
  });

  it('has no file of more than 250 lines', () => {
    const long = files.filter((file) => textOf(file).split('\n').length > 251);
    assert.deepEqual(long, []);
  });

  it('imports Node’s own modules by their node: names and says no any', () => {
    const plain = files.filter((file) =>
      specifiers(file).some((name) => /^(fs|path|events|stream)(\/|$)/.test(name)),
    );
    assert.deepEqual(plain, []);
    assert.deepEqual(
      files.filter((file) => /(: |<|as )any\b/.test(textOf(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))),
      [],
    );
  });
});
