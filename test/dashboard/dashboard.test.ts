import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { type Build, isFinished } from '../../src/builds/build.ts';
import { bootSector, makeDisk } from '../fixtures/boot-sector.ts';
import { browserMissing, screenshots, TestBrowser } from '../fixtures/browser.ts';
import { Gate } from '../fixtures/gate.ts';
import { skipUnless } from '../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../fixtures/orchestrator.ts';
import { TcpProxy } from '../fixtures/tcp-proxy.ts';
import { until } from '../fixtures/watcher.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

describe('The dashboard', () => {
  let nexus: TestOrchestrator;
  let browser: TestBrowser;
  let proxy: TcpProxy;
  let gates = 0;

  before(async function () {
    skipUnless(this, (await builderMissing()) ?? (await browserMissing()));
    nexus = await TestOrchestrator.start();
    proxy = await TcpProxy.to(portOf(nexus));
    browser = await TestBrowser.start();
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await nexus?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    // A test that fails must not leave the others waiting for its build.
    for (const build of await nexus.client.list())
      if (!isFinished(build)) await nexus.client.cancel(build.id);
    assert.deepEqual(browser.troubles.splice(0), []);
  });

  const portOf = ({ running }: TestOrchestrator) => Number(new URL(running.url).port);

  /** A page of somebody who is logged in, through the line that can be cut. */
  async function open(path = '/'): Promise<Page> {
    const page = await browser.open(`http://127.0.0.1:${proxy.port}`);
    await page.goto(`/#login=${await nexus.client.loginCode()}`);
    await page.getByRole('heading', { name: 'Builds' }).waitFor();
    if (path !== '/') await page.goto(path);
    return page;
  }

  const newGate = async () => Gate.at(nexus.folder.file(`gate-${++gates}`));
  const pageOf = ({ id }: Build) => open(`/builds/${id}`);
  const untilState = (page: Page, state: string) =>
    page.locator(`h1 + div [data-state="${state}"]`).waitFor();
  const logOf = async (page: Page) => (await page.locator('.log-code').allTextContents()).join('');
  const untilLogSays = (page: Page, text: string) =>
    page.locator('.log-code', { hasText: text }).first().waitFor();
  const numbers = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');

  it('lets nobody in without the token, and keeps it from scripts', async () => {
    const page = await browser.open(nexus.running.url);
    await page.goto('/builds/some-build');
    await page.getByLabel('Token').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').filter({ hasText: 'This is not the token' }).waitFor();
    await page.getByLabel('Token').fill(nexus.running.token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('There is no build some-build').waitFor();
    assert.equal(
      await page.evaluate('document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })'),
      '{}',
    );
    const [cookie] = await page.context().cookies();
    assert.deepEqual([cookie?.httpOnly, cookie?.sameSite], [true, 'Strict']);

    await page.goto('/');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').waitFor();
    await page.reload();
    await page.getByLabel('Token').waitFor();
    await page.context().close();
  });

  it('shows whether an image boots, and its screen while it does', async () => {
    const script = makeDisk(bootSector('\r\nnixos login: '));
    const build = await nexus.ended((await nexus.script(script, { name: 'disk' })).id);
    const page = await pageOf(build);
    await page.getByRole('button', { name: 'Check that it boots' }).click();
    await page.getByText('the console asks for a login').waitFor();
    const isShown = async (alt: RegExp) =>
      until(`the picture of ${alt}`, async () => {
        const width = await page
          .getByAltText(alt)
          .evaluate((image: { naturalWidth?: number }) => image.naturalWidth);
        return width ? true : undefined;
      });
    await isShown(/at the end of the check/);
    await page.getByRole('button', { name: 'See it boot' }).click();
    await page.locator('[data-line="connected"]').waitFor();
    await page.getByRole('button', { name: 'End the machine' }).click();
    await page.getByRole('button', { name: 'See it boot' }).waitFor();
    await page.screenshot({ path: join(screenshots, 'build-boots.png'), fullPage: true });
    await page.context().close();
  });

  it('lets in by an address with a code, which leaves the address bar', async () => {
    const code = await nexus.client.loginCode();
    const page = await browser.open(nexus.running.url);
    await page.goto(`/#login=${code}`);
    await page.getByRole('heading', { name: 'Builds' }).waitFor();
    assert.equal(page.url(), `${nexus.running.url}/`);
    const other = await browser.open(nexus.running.url);
    await other.goto(`/#login=${code}`);
    await other.getByLabel('Token').waitFor();
    await Promise.all([page, other].map((each) => each.context().close()));
  });

  /** Hands examples/smoke in by form. */
  async function handIn(page: Page): Promise<void> {
    await page.getByRole('banner').getByRole('link', { name: 'New build' }).click();
    await page
      .getByLabel('Files', { exact: true })
      .last()
      .setInputFiles(join(examples, 'smoke', 'default.nix'));
    await page.getByText('1 file').waitFor();
    assert.equal(await page.getByLabel('Make').inputValue(), 'nix default.nix');
    await page.getByLabel('Name', { exact: true }).fill('from-the-form');
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    await page.getByRole('heading', { name: 'from-the-form' }).waitFor();
  }

  it('builds what is handed in by form, gives the image, and knows it again', async () => {
    const page = await open();
    await handIn(page);
    await untilState(page, 'succeeded');
    const downloading = page.waitForEvent('download');
    await page.getByRole('article', { name: 'smoke.img' }).getByRole('link', { name: 'Download' }).click();
    const image = await readFile(await (await downloading).path());
    const sha256 = createHash('sha256').update(image).digest('hex');
    await page.getByText(sha256).waitFor();

    await page.getByRole('button', { name: 'Copy curl' }).click();
    const curl = String(await page.evaluate('navigator.clipboard.readText()'));
    assert.match(
      curl,
      /^curl -fOH "Authorization: Bearer \$\(nexus token\)" http:\S+\/artifacts\/smoke\.img$/,
    );

    const first = new URL(page.url()).pathname;
    await handIn(page);
    await page.getByText('The same was built before').waitFor();
    assert.equal(new URL(page.url()).pathname, first);
    await page.context().close();
  });

  it('says what is missing before it sends anything', async () => {
    const page = await open('/new');
    const submit = page.getByRole('button', { name: 'Build', exact: true });
    const summary = page.getByRole('alert').filter({ hasText: 'Something is missing' });
    await submit.click();
    await summary.getByText('Drop or choose a configuration.nix').waitFor();
    await page.getByRole('radio', { name: 'Paste' }).check();
    assert.equal(await summary.count(), 0, 'a change takes the complaint away');
    await page.getByRole('button', { name: 'Start with an example' }).click();
    await page.getByLabel('iso', { exact: false }).first().uncheck();
    await page.getByLabel('qemu-efi').check();
    await page.getByLabel('Disk size', { exact: true }).fill('10 GB');
    await submit.click();
    await summary.getByText('It must be a whole number.').click();
    assert.equal(await page.evaluate('document.activeElement.id'), 'field-diskSize');
    assert.equal(
      (await nexus.client.list()).some(({ request }) => request.kind === 'image'),
      false,
    );
    await page.context().close();
  });

  it('takes limits, priority and a boot check, shows them, and begins the next build with them', async () => {
    const page = await open('/new');
    const build = page.getByRole('button', { name: 'Build', exact: true });
    await page.getByRole('radio', { name: 'Script' }).check();
    await page.getByLabel('Bash script').fill('echo limited');
    await page.getByLabel('Name', { exact: true }).fill('limited');
    await page.getByText('Limits, priority, boot check').click();
    await page.getByLabel('Time', { exact: true }).fill('90');
    await page.getByLabel('Unit of Time').selectOption('minutes');
    await page.getByLabel('Unit of Log').selectOption('no limit');
    await page.getByLabel('Priority').fill('11');
    await page.getByLabel('Check that it boots').check();
    await page.getByLabel('It is up when it prints').fill('(');
    // What is wrong is found where it was folded away.
    await page.locator('.more > summary').click();
    await build.click();
    const summary = page.getByRole('alert').filter({ hasText: 'Something is missing' });
    await summary.getByText('It must be a regular expression').click();
    assert.equal(await page.evaluate('document.activeElement.id'), 'field-bootPattern');
    await page.getByLabel('It is up when it prints').fill('ready-[0-9]+');
    await page.getByLabel('Priority').fill('3');
    await build.click();
    await page.getByRole('heading', { name: 'limited' }).waitFor();
    const facts = page.getByRole('region', { name: 'Request' });
    for (const fact of ['90 minutes', 'no limit', 'until it prints ready-[0-9]+'])
      await facts.getByText(fact).first().waitFor();
    await untilState(page, 'succeeded');

    const [made] = await nexus.client.list();
    assert.ok(made);
    const said = { limits: { time: 5400, log: null }, priority: 3, bootCheck: { pattern: 'ready-[0-9]+' } };
    const saidOf = ({ request: { limits, priority, bootCheck } }: Build) => ({ limits, priority, bootCheck });
    assert.deepEqual(saidOf(made), said);
    await page.getByRole('button', { name: 'Build again' }).click();
    await page.waitForURL((url) => !url.pathname.includes(made.id));
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByText('Time limit: 90 minutes').waitFor();
    await page.getByLabel('Name', { exact: true }).fill('limited-again');
    await build.click();
    await page.getByRole('heading', { name: 'limited-again' }).waitFor();
    assert.deepEqual((await nexus.client.list()).slice(0, 2).map(saidOf), [said, said]);
    await page.context().close();
  });

  it('shows a failure with what to do first', async () => {
    const build = await nexus.script(
      'echo "all is well"; printf "\\033[31merror:\\033[0m no such option\\n"; exit 7',
    );
    const page = await pageOf(build);
    const alert = page.getByRole('alert').filter({ hasText: 'The build failed' });
    await alert.getByText('no such option').waitFor();
    await alert.locator('.hint').waitFor();
    assert.ok(!(await alert.innerText()).includes('\x1b'));
    await untilLogSays(page, 'all is well');
    assert.equal(await page.locator('.log-code .ansi-fg-1').innerText(), 'error:');
    await page.context().close();
  });

  it('shows a build as it goes on, reloaded in the middle, and takes it up again', async () => {
    const gate = await newGate();
    const build = await nexus.script(
      `nexus-phase building part-one\nseq -f 'line %g' 1 50\n${gate.wait}\nseq -f 'line %g' 51 60`,
      { name: 'watched' },
    );
    const page = await pageOf(build);
    await untilState(page, 'building');
    await page.getByLabel('Now').getByText('Building part-one').waitFor();
    await untilLogSays(page, 'line 50');
    await page.reload();
    await untilLogSays(page, 'line 50');
    await gate.open();
    await untilState(page, 'succeeded');
    await untilLogSays(page, 'line 60');
    assert.equal(await logOf(page), numbers(1, 60));

    await page.getByRole('button', { name: 'Build again' }).click();
    await page.waitForURL((url) => !url.pathname.includes(build.id));
    await untilState(page, 'building');
    await gate.open();
    await untilState(page, 'succeeded');
    await page.context().close();
  });

  it('cancels a build when it has asked', async () => {
    const gate = await newGate();
    const page = await pageOf(await nexus.script(gate.wait, { name: 'to-be-cancelled' }));
    await untilState(page, 'building');
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Go back' }).click();
    assert.equal(await page.locator('h1 + div [data-state="building"]').count(), 1);
    await page.getByRole('button', { name: 'Cancel', exact: true }).click();
    await page.getByRole('button', { name: 'Cancel the build' }).click();
    await untilState(page, 'cancelled');
    assert.equal(await page.getByRole('button', { name: 'Cancel', exact: true }).count(), 0);
    await page.context().close();
  });

  it('changes an earlier request into a new one', async () => {
    const earlier = await nexus.ended((await nexus.script('echo before', { name: 'before' })).id);
    const page = await pageOf(earlier);
    await page.getByRole('link', { name: 'Change' }).click();
    await page.getByLabel('Bash script').fill('echo after');
    await page.getByLabel('Name', { exact: true }).fill('after');
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    await page.getByRole('heading', { name: 'after' }).waitFor();
    await untilLogSays(page, 'after');
    await page.context().close();
  });

  it('says that the server is lost, and goes on without a line doubled or missing when it is back', async () => {
    const [first, second] = [await newGate(), await newGate()];
    const build = await nexus.script(
      `seq -f 'line %g' 1 500\n${first.wait}\nseq -f 'line %g' 501 900\n${second.wait}\nseq -f 'line %g' 901 1000`,
    );
    const page = await pageOf(build);
    await untilLogSays(page, 'line 500');
    const banner = page.getByRole('status').filter({ hasText: 'does not answer' });
    // Nobody listens there.
    proxy.redirect(1);
    proxy.cut();
    await banner.waitFor();
    await first.open();
    await until(
      'the line that nobody could see',
      async () => /line 900/.test(await nowInLog(build)) || undefined,
    );
    assert.equal(await logOf(page), numbers(1, 500));
    proxy.redirect(portOf(nexus));
    await banner.waitFor({ state: 'detached' });
    await untilLogSays(page, 'line 900');
    await second.open();
    await untilState(page, 'succeeded');
    await untilLogSays(page, 'line 1000');
    assert.equal(await logOf(page), numbers(1, 1000));
    await page.context().close();
  });

  const nowInLog = async ({ id }: Build) =>
    (await nexus.fetch(`/api/v1/builds/${id}/log?follow=false`)).text();

  it('knows its people again after a restart of the server', async () => {
    const build = await nexus.ended((await nexus.script('true', { name: 'of-before' })).id);
    const page = await open();
    proxy.redirect(1);
    proxy.cut();
    await nexus.stop();
    await page.getByRole('status').filter({ hasText: 'does not answer' }).waitFor();
    await nexus.start();
    proxy.redirect(portOf(nexus));
    await page.getByRole('status').filter({ hasText: 'does not answer' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'of-before' }).click();
    await untilState(page, (await nexus.client.show(build.id)).state);
    await page.context().close();
  });

  it('lists builds by name and state, with the way through many', async () => {
    for (const [name, script] of [
      ['good-one', 'true'],
      ['bad-one', 'false'],
    ] as const)
      await nexus.ended((await nexus.script(script, { name })).id);
    const page = await open();
    const rows = page.locator('.build-row');
    await page.getByLabel('Name or id').fill('-one');
    await rows.nth(1).waitFor();
    await page.getByRole('radio', { name: 'Failed' }).check();
    await until('one row', async () => (await rows.count()) === 1 || undefined);
    assert.match(await rows.innerText(), /bad-one/);
    await page.getByLabel('Name or id').fill('no such build');
    await page.getByText('No build matches.').waitFor();
    await page.context().close();
  });

  it('keeps a build that is pinned, and deletes one', async () => {
    const build = await nexus.ended((await nexus.script('true', { name: 'to-be-deleted' })).id);
    const page = await pageOf(build);
    const erase = async () => {
      await page.getByRole('button', { name: 'Delete', exact: true }).click();
      await page.getByRole('button', { name: 'Delete the build' }).click();
    };
    await page.getByRole('button', { name: 'Pin', exact: true }).click();
    await page.getByRole('button', { name: 'Pinned' }).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Pinned' }).waitFor();
    await erase();
    await page.getByRole('dialog').locator('.problem').waitFor();
    await page.getByRole('button', { name: 'Go back' }).click();
    await page.getByRole('button', { name: 'Pinned' }).click();
    await page.getByRole('button', { name: 'Pin', exact: true }).waitFor();
    await erase();
    await page.getByRole('heading', { name: 'Builds', exact: true }).waitFor();
    assert.equal((await nexus.fetch(`/api/v1/builds/${build.id}`)).status, 404);
    await page.context().close();
  });

  it('leads through more builds than one page has, and back', async () => {
    const gate = await newGate();
    const oldest = await nexus.script(gate.wait, { name: 'page-0' });
    const others: Build[] = [];
    for (let number = 1; number <= 20; number += 1)
      others.push(await nexus.script('true', { name: `page-${number}` }));
    const page = await open();
    await page.getByLabel('Name or id').fill('page-');
    await page.getByRole('link', { name: 'page-1', exact: true }).waitFor();
    assert.equal(await page.getByRole('link', { name: 'page-0' }).count(), 0);
    await page.getByRole('button', { name: 'Older' }).click();
    await page.getByRole('link', { name: 'page-0' }).waitFor();
    await page.getByRole('button', { name: 'Newer' }).click();
    await page.getByRole('link', { name: 'page-20' }).waitFor();
    await Promise.all([oldest, ...others].map(({ id }) => nexus.client.cancel(id)));
    await page.context().close();
  });

  it('shows 100,000 lines with few elements, and finds each of them', async () => {
    const build = await nexus.ended((await nexus.script("seq -f 'line %g' 1 100000")).id);
    const page = await pageOf(build);
    await untilLogSays(page, 'line 100000');
    const elements = Number(await page.evaluate("document.querySelectorAll('.log-lines *').length"));
    assert.ok(elements < 1000, `${elements} elements`);
    await page.getByLabel('Search the log').fill('line 4242');
    // 4242, and 42420 to 42429.
    await page.getByText('11', { exact: true }).waitFor();
    await page.getByLabel('Search the log').press('Enter');
    await page.getByText('1 of 11').waitFor();
    await until('the line on the screen', async () => (await isOnScreen(page, 'line 4242')) || undefined);
    assert.equal(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed'), 'false');
    await page.getByRole('button', { name: 'Follow' }).click();
    await until('the end on the screen', async () => (await isOnScreen(page, 'line 100000')) || undefined);
    await page.context().close();
  });

  /** Whether a line of the log can be seen: the point where it lies belongs to its text. */
  const isOnScreen = (page: Page, line: string) =>
    page.evaluate(`(() => {
      const frame = document.querySelector('.log-scroll').getBoundingClientRect();
      for (const chunk of document.querySelectorAll('.log-code')) {
        const at = ('\\n' + chunk.textContent).indexOf(${JSON.stringify(`\n${line}\n`)});
        if (at === -1) continue;
        const range = new Range();
        const nodes = document.createTreeWalker(chunk, NodeFilter.SHOW_TEXT);
        let before = 0;
        for (let node = nodes.nextNode(); node; before += node.nodeValue.length, node = nodes.nextNode()) {
          if (at >= before + node.nodeValue.length) continue;
          range.setStart(node, at - before);
          range.setEnd(node, at - before + 1);
          const { top, bottom } = range.getBoundingClientRect();
          return top >= frame.top && bottom <= frame.bottom;
        }
      }
      return false;
    })()`) as Promise<boolean>;

  it('stops the builder and starts it again', async () => {
    const page = await open('/builder');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByRole('button', { name: 'Stop the builder' }).click();
    const badge = page.locator('h1 + div');
    await badge.getByText('Not started').waitFor();
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await badge.getByText('Ready').waitFor();
    await page.getByText('x86_64-linux').or(page.getByText('aarch64-linux')).first().waitFor();
    await page.context().close();
  });
});
