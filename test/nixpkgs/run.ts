/**
 * Evaluates the builder VM, every image variant and every example against a real nixpkgs tree, with real Nix, through
 * the product's own code: npm run test:nixpkgs -- --nixpkgs PATH. Nothing is built, so no network is needed.
 */
import { parseArgs } from 'node:util';
import { builderCases } from './builder-cases.ts';
import { type Case, evaluateCase, type Row, renderTable } from './case.ts';
import { exampleCases } from './example-cases.ts';
import { Nix } from './nix.ts';
import { variantCases } from './variant-cases.ts';

const usage = `usage: npm run test:nixpkgs -- --nixpkgs PATH [--only PATTERN] [--nix FOLDER] [--list]
  --nixpkgs PATH   a nixpkgs tree (default: NEXUS_NIXPKGS, when that is a path)
  --only PATTERN   only what matches this regular expression, such as 'builder' or 'qemu.*aarch64'
  --nix FOLDER     where nix, nix-instantiate and nix-store are (default: in PATH); 2.18 or newer
  --list           say what there is, and evaluate nothing`;

const { values } = parseArgs({
  options: {
    nixpkgs: { type: 'string' },
    only: { type: 'string' },
    nix: { type: 'string' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

if (values.help) console.log(usage);
else process.exitCode = await main();

async function main(): Promise<number> {
  const nixpkgs = values.nixpkgs ?? pathOf(process.env.NEXUS_NIXPKGS);
  if (!nixpkgs) {
    console.log('Nothing was evaluated: there is no nixpkgs tree.\n');
    console.log(usage);
    return 0;
  }
  const nix = await Nix.find(nixpkgs, values.nix);
  console.error(`${await nix.version()}, ${nix.nixpkgs}`);
  const cases = [...builderCases(nix), ...variantCases(nix), ...(await exampleCases(nix))].filter(isWanted);
  if (values.list) {
    for (const { what, system } of cases) console.log(`${what} ${system}`);
    return 0;
  }
  return report(await evaluateAll(cases));
}

/** The setting may also name a channel or a revision, which is no tree to evaluate. */
function pathOf(setting: string | undefined): string | undefined {
  return setting?.startsWith('/') ? setting : undefined;
}

function isWanted({ what, system }: Case): boolean {
  return new RegExp(values.only ?? '').test(`${what} ${system}`);
}

/** One at a time: each takes up to 2 GB. */
async function evaluateAll(cases: readonly Case[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [index, each] of cases.entries()) {
    console.error(`${index + 1} of ${cases.length}: ${each.what} ${each.system}`);
    const row = await evaluateCase(each);
    if (row.result === 'FAILED') console.error(`  FAILED: ${row.detail}`);
    rows.push(row);
  }
  return rows;
}

function report(rows: readonly Row[]): number {
  const failed = rows.filter(({ result }) => result === 'FAILED');
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  console.log(renderTable(rows));
  console.log(
    `\n${rows.length - failed.length} of ${rows.length} as they should be, ${seconds.toFixed(0)} s.`,
  );
  return failed.length === 0 && rows.length > 0 ? 0 : 1;
}
