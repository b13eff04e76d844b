import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { execa } from 'execa';
import type { Page } from 'playwright-core';
import { BootClient } from '../../src/cli/boot-client.ts';
import { echoSector, makeDisk } from '../fixtures/boot-sector.ts';
import { browserMissing, screenshots, TestBrowser } from '../fixtures/browser.ts';
import { limitMs, skipUnless, within } from '../fixtures/limits.ts';
import { builderMissing, TestOrchestrator } from '../fixtures/orchestrator.ts';
import { PlainProxy } from '../fixtures/plain-proxy.ts';
import { TcpProxy } from '../fixtures/tcp-proxy.ts';
import { until } from '../fixtures/watcher.ts';

/** It has more to do than a boot sector, and is emulated here. */
const firmwareMs = 90_000;
const greeting = 'this is the machine\r\n';

describe('A machine on the page of its build', () => {
  let nexus: TestOrchestrator;
  let browser: TestBrowser;
  let proxy: TcpProxy;
  let boots: BootClient;
  let build: string;

  before(async function () {
    const { failed } = await execa('qemu-system-x86_64', ['--version'], { reject: false });
    skipUnless(this, failed ? 'qemu-system-x86_64 is missing' : undefined);
    skipUnless(this, (await builderMissing()) ?? (await browserMissing()));
    nexus = await TestOrchestrator.start();
    proxy = await TcpProxy.to(serverPort());
    browser = await TestBrowser.start();
    boots = new BootClient(nexus.client);
    build = (await nexus.ended((await nexus.script(makeDisk(echoSector(greeting)), { name: 'disk' })).id)).id;
  });
  after(async () => {
    await browser?.[Symbol.asyncDispose]();
    await proxy?.[Symbol.asyncDispose]();
    await nexus?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    for (const { id } of await boots.boots()) await boots.endBoot(id);
    assert.deepEqual(browser.troubles.splice(0), []);
  });

  const serverPort = () => Number(new URL(nexus.running.url).port);

  /** A page of somebody who is logged in. */
  async function open(path: string, port = proxy.port): Promise<Page> {
    const page = await browser.open(`http://127.0.0.1:${port}`);
    await page.goto(`/#login=${await nexus.client.loginCode()}`);
    await page.getByRole('heading', { name: 'Builds' }).waitFor();
    await page.goto(path);
    return page;
  }

  /** The page of the build, where its machine has just been started. */
  async function openMachine(port = proxy.port): Promise<Page> {
    const page = await open(`/builds/${build}`, port);
    await page.getByRole('button', { name: 'See it boot' }).click();
    return page;
  }

  const untilLine = (page: Page, state: string) => page.locator(`[data-line="${state}"]`).waitFor();
  const focused = (page: Page) =>
    page.evaluate(
      'document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent.trim()',
    );
  const untilFocused = (page: Page, what: string) =>
    until(`the focus on ${what}`, async () => (await focused(page)) === what || undefined);
  const hint = (page: Page) => page.getByText('Keys go to the machine');

  /** What the machine has printed on its serial line, which it says of every key. */
  async function follow(): Promise<{ line: Duplex; says: (what: RegExp) => Promise<void> }> {
    const [boot] = await boots.boots();
    const line = await boots.serial(boot?.id ?? '');
    let said = '';
    line.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    // It breaks with the machine.
    line.on('error', () => {});
    const says = (what: RegExp) =>
      until(
        `${what} on the serial line, which has ${JSON.stringify(said)}`,
        () => what.test(said) || undefined,
      );
    return { line, says: async (what) => void (await says(what)) };
  }

  /** One key after the other, as people do: a firmware loses those that come faster than it looks. */
  async function typeOn(page: Page, text: string, says: (what: RegExp) => Promise<void>): Promise<void> {
    for (const [index, character] of [...text].entries()) {
      await page.keyboard.press(character === '\t' ? 'Tab' : character);
      await says(new RegExp(text.slice(0, index + 1)));
    }
  }

  async function leave(page: Page): Promise<void> {
    await page.keyboard.down('Control');
    await page.keyboard.down('Alt');
    await page.keyboard.up('Alt');
    await page.keyboard.up('Control');
    await untilFocused(page, 'Type');
  }

  it('shows its screen live, and takes keys from whoever clicks on it until they leave by keyboard', async () => {
    const page = await openMachine();
    await untilLine(page, 'connected');
    const { line, says } = await follow();
    await says(/this is the machine/);
    const screen = page.getByRole('application', { name: 'Screen of disk.img' });
    assert.ok(Number(await screen.evaluate((canvas: { width?: number }) => canvas.width)) >= 640);

    await page.locator('.curtain').click();
    await untilFocused(page, 'Screen of disk.img');
    await hint(page).waitFor();
    await typeOn(page, 'by hand\tx', says);
    await untilFocused(page, 'Screen of disk.img');
    await leave(page);
    await hint(page).waitFor({ state: 'detached' });

    await page.keyboard.press('Enter');
    await untilFocused(page, 'Screen of disk.img');
    await typeOn(page, 'again', says);
    await leave(page);
    line.destroy();
    await page.context().close();
  });

  it('restarts on Ctrl-Alt-Del, fills the screen, and keeps its size when it is told to', async () => {
    const page = await openMachine();
    await untilLine(page, 'connected');
    const { line, says } = await follow();
    await says(/this is the machine/);
    await page.getByRole('button', { name: 'Ctrl-Alt-Del' }).click();
    await says(/this is the machine.*this is the machine/s);
    const widthOf = async () => (await page.getByRole('application').boundingBox())?.width;
    await page.getByRole('button', { name: 'Fit', exact: true }).click();
    await until('its own size', async () => (await widthOf()) === 720 || undefined);
    await page.getByRole('button', { name: 'Full screen' }).click();
    await until(
      'full screen',
      async () =>
        (await page.evaluate('document.fullscreenElement?.getAttribute("aria-label")')) ===
          'Screen of disk.img' || undefined,
    );
    await untilFocused(page, 'Screen of disk.img');
    await page.getByRole('button', { name: 'Full screen' }).click();
    await until(
      'the page again',
      async () => (await page.evaluate('document.fullscreenElement === null')) || undefined,
    );
    line.destroy();
    await page.context().close();
  });

  it('has its serial console typed on, and says how it ended', async () => {
    const page = await openMachine();
    await page.getByRole('radio', { name: 'Serial console' }).check();
    await untilLine(page, 'connected');
    const lines = page.getByRole('log', { name: 'Lines of the serial console' });
    await lines.getByText('this is the machine').waitFor();
    await page.getByRole('button', { name: 'Type' }).click();
    await untilFocused(page, 'Keyboard of the serial console of disk.img');
    await page.keyboard.type('written here');
    await lines.getByText('written here').waitFor();
    await leave(page);

    await lines.click();
    await untilFocused(page, 'Keyboard of the serial console of disk.img');
    await page.keyboard.press('Control+d');
    await untilLine(page, 'ended');
    await page.getByText(/The machine has ended: QEMU ended with status 0/).waitFor();
    await lines.getByText('written here').waitFor();
    await page.getByRole('button', { name: 'Clear away' }).click();
    await lines.waitFor({ state: 'detached' });
    await page.context().close();
  });

  it('keeps the last picture when the server is lost, and goes on when it is back', async () => {
    const page = await openMachine();
    await untilLine(page, 'connected');
    await page.locator('.curtain').click();
    await untilFocused(page, 'Screen of disk.img');
    // Nobody listens there.
    proxy.redirect(1);
    proxy.cut();
    await untilLine(page, 'lost');
    await page.getByAltText('The screen as it was last').waitFor();
    await untilFocused(page, 'Type');
    proxy.redirect(serverPort());
    await untilLine(page, 'connected');
    const { line, says } = await follow();
    await page.locator('.curtain').click();
    await untilFocused(page, 'Screen of disk.img');
    await typeOn(page, 'back', says);
    line.destroy();
    await page.context().close();
  });

  it('shows pictures where no WebSocket gets through', async () => {
    await using plain = await PlainProxy.to(serverPort());
    const page = await openMachine(plain.port);
    await untilLine(page, 'refused');
    await until('a picture', async () => {
      const width = await page
        .getByAltText('The screen of disk.img, as it is now')
        .evaluate((image: { naturalWidth?: number }) => image.naturalWidth);
      return width ? true : undefined;
    });
    await page.getByRole('button', { name: 'Try again' }).click();
    await untilLine(page, 'refused');
    await page.context().close();
  });

  it('boots the image and by the firmware that are chosen', async function () {
    this.timeout(3 * firmwareMs);
    const { failed } = await execa('ls', ['/usr/share/OVMF/OVMF_CODE_4M.fd'], { reject: false });
    skipUnless(this, failed ? 'there is no UEFI firmware (Debian: ovmf)' : undefined);
    const two = `${makeDisk(echoSector(greeting))}\ncp disk.img other.img; nexus-artifact "$PWD/other.img"`;
    const { id } = await nexus.ended((await nexus.script(two, { name: 'two' })).id);
    const page = await open(`/builds/${id}`);
    await page.getByText('How to boot it').click();
    await page.getByLabel('Image', { exact: true }).selectOption('other.img');
    await page.getByLabel('Firmware').selectOption('UEFI');
    await page.getByRole('button', { name: 'See it boot' }).click();
    await page.getByText('other.img by UEFI').waitFor();
    // The larger screen that this firmware sets.
    await page.locator('.machine-place canvas[width="1280"]').waitFor({ timeout: firmwareMs });
    await page.getByRole('radio', { name: 'Serial console' }).check();
    const lines = page.getByRole('log', { name: 'Lines of the serial console' });
    await lines.getByText('BdsDxe').first().waitFor({ timeout: firmwareMs });
    await page.screenshot({ path: join(screenshots, 'build-uefi.png'), fullPage: true });
    await page.context().close();
  });

  it('loads what draws the screen only where there is one', async () => {
    const page = await open('/builds');
    const loaded: string[] = [];
    page.on('response', (response) => loaded.push(response.url()));
    await page.goto(`/builds/${build}`);
    await page.getByRole('button', { name: 'See it boot' }).waitFor();
    const scripts = () => loaded.filter((url) => url.includes('/assets/') && url.endsWith('.js'));
    const before = new Set(scripts());
    await page.getByRole('button', { name: 'See it boot' }).click();
    await untilLine(page, 'connected');
    assert.ok(
      scripts().some((url) => !before.has(url)),
      'nothing was loaded for the screen',
    );
    await page.context().close();
  });

  it('says whose the code is that the page is made of', async () => {
    const reply = await within('the licences', nexus.fetch('/third-party.txt'), limitMs);
    assert.equal(reply.status, 200);
    const text = await reply.text();
    for (const part of [/@novnc\/novnc .*MPL-2\.0.*\.tgz/, /Vitaly Puzrin/, /preact .*MIT/])
      assert.match(text, part);
  });
});
