import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { messageOf } from '../errors.ts';
import { makeContext } from './context.ts';

export function dashboardCommand(program: Command): void {
  program
    .command('dashboard')
    .description('Print an address that opens the dashboard and logs in: once, within five minutes.')
    .option('--open', 'open it in the browser as well')
    .addHelpText('after', '\nExample:\n  nexus dashboard --open')
    .action(async ({ open }: { open?: true }) => {
      const { client: connect, out, err } = makeContext();
      const client = await connect();
      const address = loginAddress(client.url, await client.loginCode());
      out.write(`${address}\n`);
      if (open)
        await openInBrowser(address).catch((error) => err.write(`No browser opened: ${messageOf(error)}\n`));
    });
}

/** What follows the # never leaves the browser, so the code is in no log. */
export function loginAddress(url: string, code: string): string {
  const address = new URL('/', url);
  // Where a server listens, or what containers call it, is no address for a browser on this machine.
  if (['0.0.0.0', '[::]', 'orchestrator'].includes(address.hostname)) address.hostname = '127.0.0.1';
  address.hash = `login=${code}`;
  return address.href;
}

async function openInBrowser(address: string): Promise<void> {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(program, [address], { stdio: 'ignore', detached: true });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', resolve);
  });
  child.unref();
}
