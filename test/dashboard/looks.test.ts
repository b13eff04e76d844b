import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Page } from 'playwright-core';
import { BootClient } from '../../src/cli/boot-client.ts';
import { echoSector, makeDisk } from '../fixtures/boot-sector.ts';
import { browserMissing, type Look, screenshots, TestBrowser } from '../fixtures/browser.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../fixtures/orchestrator.ts';

const axe = fileURLToPath(import.meta.resolve('axe-core/axe.min.js'));

interface Violation {
  id: string;
  impact: string | null;
  nodes: { html: string; failureSummary: string }[];
}

/** As much as a sector holds. */
const welcome = [
  '',
  '<<< Welcome to NixOS 26.05 (x86_64) - ttyS0 >>>',
  '',
  'nixos login: root (automatic login)',
  '',
  '[root@nixos:~]# ',
].join('\r\n');

const looks: Record<string, Look> = {
  light: { theme: 'light' },
  dark: { theme: 'dark' },
  phone: { theme: 'light', width: 390, height: 844 },
  'phone-dark': { theme: 'dark', width: 390, height: 844 },
};

describe('A page of the dashboard', () => {
  let nexus: TestOrchestrator;
  let browser: TestBrowser;
  const builds: Record<string, string> = {};

  before(async function () {
    skipUnless(this, (await builderMissing()) ?? (await browserMissing()));
    await mkdir(screenshots, { recursive: true });
    nexus = await TestOrchestrator.start();
    browser = await TestBrowser.start();
    const colours = `for i in $(seq 30 37) $(seq 90 97); do printf '\\033[%smcolour %s\\033[0m\\n' $i $i; done`;
    const scripts = {
      succeeded: `${colours}\nhead -c 3000000 /dev/zero > rescue.img; nexus-artifact rescue.img`,
      boots: makeDisk(echoSector(welcome)),
      failed: `${colours}\necho "error: attribute 'services.foo' missing" >&2; exit 1`,
    };
    const { failed } = await execa('qemu-system-x86_64', ['--version'], { reject: false });
    skipUnless(this, failed ? 'qemu-system-x86_64 is missing' : undefined);
    for (const [name, script] of Object.entries(scripts))
      builds[name] = (await nexus.ended((await nexus.script(script, { name })).id)).id;
    await new BootClient(nexus.client).boot(builds.boots ?? '', {});
    const running = await nexus.script(
      "nexus-phase building linux-6.12; seq -f 'line %g' 1 200; sleep 1000",
      { name: 'running' },
    );
    builds.running = (await nexus.inPhase(running.id, 'building linux-6.12')).id;
    builds.waiting = (await nexus.script('true', { name: 'waiting' })).id;
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await nexus?.[Symbol.asyncDispose]();
  });

  /** Every page, and what is on it when it is complete. */
  const pages: [name: string, path: () => string, isComplete: (page: Page) => Promise<unknown>][] = [
    ['login', () => '/', (page) => page.getByLabel('Token').waitFor()],
    ['builds', () => '/', (page) => page.getByRole('link', { name: 'waiting' }).waitFor()],
    ['build-succeeded', () => `/builds/${builds.succeeded}`, (page) => page.getByText('colour 97').waitFor()],
    [
      'build-failed',
      () => `/builds/${builds.failed}`,
      (page) => page.getByText('colour 97').last().waitFor(),
    ],
    ['build-running', () => `/builds/${builds.running}`, (page) => page.getByText('line 200').waitFor()],
    ['new-files', () => '/new', async (page) => page.getByText('Drop a configuration.nix').waitFor()],
    [
      'new-paste',
      () => '/new',
      async (page) => {
        await page.getByRole('radio', { name: 'Paste' }).check();
        await page.getByRole('button', { name: 'Start with an example' }).click();
      },
    ],
    [
      'new-problems',
      () => '/new',
      async (page) => {
        await page.getByRole('button', { name: 'Build', exact: true }).click();
        await page.getByText('Something is missing').waitFor();
      },
    ],
    [
      'new-more',
      () => '/new',
      async (page) => {
        await page.getByText('Limits, priority, boot check').click();
        await page.getByLabel('Check that it boots').check();
        await page.locator('.more').evaluate(scrollTo);
      },
    ],
    [
      'build-screen',
      () => `/builds/${builds.boots}`,
      async (page) => {
        await page.locator('[data-line="connected"]').waitFor();
        await page.locator('.machine-panel').evaluate(scrollTo);
      },
    ],
    [
      'build-serial',
      () => `/builds/${builds.boots}`,
      async (page) => {
        await page.getByRole('radio', { name: 'Serial console' }).check();
        await page.getByText('automatic login').waitFor();
        await page.getByRole('button', { name: 'Type' }).click();
        await page.locator('.machine-panel').evaluate(scrollTo);
      },
    ],
    ['builder', () => '/builder', (page) => page.getByText('Free disk').waitFor()],
  ];

  for (const [look, options] of Object.entries(looks)) {
    it(`is whole and within everybody’s reach: ${look}`, async () => {
      const page = await browser.open(nexus.running.url, options);
      for (const [name, path, isComplete] of pages) {
        await page.goto(name === 'builds' ? `/#login=${await nexus.client.loginCode()}` : path());
        if (name === 'builds') await page.reload();
        await isComplete(page);
        await page.screenshot({ path: join(screenshots, `${name}-${look}.png`) });
        const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
        assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
        assert.deepEqual(await seriousViolations(page), [], name);
      }
      assert.deepEqual(browser.troubles.splice(0), []);
      await page.context().close();
    });
  }
});

/** Below what stays at the top of the window. */
const scrollTo = (element: { scrollIntoView?: (how: object) => void }) =>
  element.scrollIntoView?.({ block: 'start' });

/** What axe finds on a page that keeps somebody out. */
async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axe, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as { violations: Violation[] };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
