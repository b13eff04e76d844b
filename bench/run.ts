import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { againCase } from './cases/again.ts';
import { cliCase } from './cases/cli.ts';
import { fetchCase } from './cases/fetch.ts';
import { fetchLargeCase } from './cases/fetch-large.ts';
import { fetchLineCase } from './cases/fetch-line.ts';
import { idleCase } from './cases/idle.ts';
import { jobCase } from './cases/job.ts';
import { logsCase } from './cases/logs.ts';
import { pipeCase } from './cases/pipe.ts';
import { storeCase } from './cases/store.ts';
import { uploadCase } from './cases/upload.ts';
import { type Comparison, leaveOut } from './measure.ts';
import { describeMachine, markdown, type Report } from './report.ts';

const cases = [
  ...[fetchCase, fetchLargeCase, fetchLineCase, uploadCase, jobCase, pipeCase, logsCase],
  ...[againCase, storeCase, cliCase, idleCase],
];

/** The part of docs/performance.md that is made here. */
const made = /(<!-- made by npm run bench -->\n)[\s\S]*?(\n<!-- end -->)/;

const { values, positionals } = parseArgs({
  options: { small: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !cases.some((one) => one.name === name));
if (unknown.length > 0) {
  throw new Error(
    `no such figure: ${unknown.join(', ')}; there are ${cases.map(({ name }) => name).join(', ')}`,
  );
}

const comparisons: Comparison[] = [];
for (const one of cases.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const missing = await one.missing?.();
  if (missing !== undefined) {
    leaveOut(one.name, missing);
    continue;
  }
  for await (const comparison of one.run({ small: values.small })) {
    comparisons.push(comparison);
    console.error(
      `${comparison.figure}: ${comparison.results.map(({ name, median }) => `${name} ${median.toPrecision(3)}`).join(', ')} ${comparison.unit}`,
    );
  }
}

const report: Report = {
  at: new Date().toISOString(),
  machine: describeMachine(),
  small: values.small,
  comparisons,
};
await mkdir('bench/results', { recursive: true });
await writeFile('bench/results/latest.json', `${JSON.stringify(report, null, 2)}\n`);
// Small runs, and runs of some figures, say nothing about how fast it is.
if (!values.small && positionals.length === 0) {
  const page = await readFile('docs/performance.md', 'utf8');
  await writeFile(
    'docs/performance.md',
    page.replace(made, (_, begin, end) => `${begin}\n${markdown(report)}\n${end}`),
  );
}
console.log(markdown(report));
process.exit();
