import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { runChecked } from '../../src/transport/run-checked.ts';
import { browserMissing, screenshots, TestBrowser } from '../fixtures/browser.ts';
import { skipUnless } from '../fixtures/limits.ts';
import type { VmOrchestrator } from './vm-orchestrator.ts';

/** A step that takes a second of an idle machine takes long in an emulated VM on a busy one. */
const stepMs = 60_000;
/** Where the script waits in the guest, so that it is known what a reload meets. */
const gate = '/run/nexus-test-gate';

/** Where its orchestrator has a VM that is up: what somebody does who only has a browser. */
export function describeDashboard(orchestrator: () => VmOrchestrator): void {
  describe('its dashboard', () => {
    let browser: TestBrowser;
    let page: Page;

    before(async function () {
      skipUnless(this, await browserMissing());
      browser = await TestBrowser.start();
      page = await browser.open(orchestrator().running.url);
      page.setDefaultTimeout(stepMs);
    });
    after(() => browser?.[Symbol.asyncDispose]());
    afterEach(() => assert.deepEqual(browser.troubles.splice(0), []));

    it('builds what is handed in there, over a reload, and gives the artifact', async () => {
      await logIn(page, orchestrator());
      const made = '\0made in the VM\n';
      await submit(
        page,
        'from-the-page',
        `mkfifo ${gate}
seq -f 'line %g' 1 40
read -r _ < ${gate}
seq -f 'line %g' 41 50
printf '\\0made in the VM\\n' > made.img
nexus-artifact made.img`,
      );
      await untilLogSays(page, 'line 40');
      await page.reload();
      await untilState(page, 'building');
      await untilLogSays(page, 'line 40');
      await lookAtBuilder(page, 'Building', 'vm-builder-at-work');
      await page.goBack();
      await openGate(orchestrator());
      await untilState(page, 'succeeded');
      await untilLogSays(page, 'line 50');
      assert.equal(
        await logOf(page),
        Array.from({ length: 50 }, (_, index) => `line ${index + 1}\n`).join(''),
      );

      const artifact = page.getByRole('article', { name: 'made.img' });
      await artifact.getByText(createHash('sha256').update(made).digest('hex')).waitFor();
      const downloading = page.waitForEvent('download');
      await artifact.getByRole('link', { name: 'Download' }).click();
      assert.equal(await readFile(await (await downloading).path(), 'utf8'), made);
      await page.screenshot({ path: join(screenshots, 'vm-build-succeeded.png'), fullPage: true });
    });

    it('cancels what runs in the VM, which is ready for the next then', async () => {
      await submit(page, 'to-be-cancelled', 'echo asleep\nexec sleep 1000');
      await untilLogSays(page, 'asleep');
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await page.getByRole('button', { name: 'Cancel the build' }).click();
      await untilState(page, 'cancelled');
      await page.screenshot({ path: join(screenshots, 'vm-build-cancelled.png'), fullPage: true });
      await lookAtBuilder(page, 'Ready', 'vm-builder-ready');
    });
  });
}

async function logIn(page: Page, { running }: VmOrchestrator): Promise<void> {
  await page.goto('/');
  await page.getByLabel('Token').fill(running.token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Builds' }).waitFor();
}

/** Hands a script in by form, and is on the page of its build then. */
async function submit(page: Page, name: string, script: string): Promise<void> {
  await page.getByRole('banner').getByRole('link', { name: 'New build' }).click();
  await page.getByRole('radio', { name: 'Script' }).check();
  await page.getByLabel('Bash script').fill(script);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Build', exact: true }).click();
  await page.getByRole('heading', { name }).waitFor();
}

/** Goes to the page of the builder, which has to say what a VM is and does. */
async function lookAtBuilder(page: Page, state: string, picture: string): Promise<void> {
  await page.getByRole('banner').getByRole('link', { name: 'Builder' }).last().click();
  await page.locator('h1 + div').getByText(state).waitFor();
  const machine = page.getByRole('region', { name: 'Machine' });
  for (const fact of ['NixOS VM in a container', 'x86_64-linux']) await machine.getByText(fact).waitFor();
  const console_ = page.getByRole('log', { name: 'Lines of the console' }).filter({ hasText: 'login:' });
  assert.doesNotMatch(await console_.innerText(), /;\d+H/, 'half a movement of the cursor');
  await page.screenshot({ path: join(screenshots, `${picture}.png`), fullPage: true });
}

async function openGate(orchestrator: VmOrchestrator): Promise<void> {
  await using guest = await orchestrator.connect();
  await runChecked(guest, ['bash', '-c', `echo go > ${gate}`]);
}

const untilState = (page: Page, state: string) => page.locator(`h1 + div [data-state="${state}"]`).waitFor();
const untilLogSays = (page: Page, text: string) =>
  page.locator('.log-code', { hasText: text }).first().waitFor();
const logOf = async (page: Page) => (await page.locator('.log-code').allTextContents()).join('');
