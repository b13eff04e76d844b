import { posix } from 'node:path';
import { messageOf } from '../../errors.ts';
import { nixpkgsLocation } from '../../nixpkgs.ts';
import { runChecked } from '../../transport/run-checked.ts';
import type { Transport } from '../../transport/transport.ts';
import { putSettings } from '../vm-settings/put-settings.ts';
import { readSettings, type SettingsFile } from '../vm-settings/read-settings.ts';
import type { DockerVmOptions } from './docker-vm-options.ts';
import { provideWatcher } from './provide-watcher.ts';
import { sshDestination } from './ssh-destination.ts';

/** Folder of the pipe in the guest. */
export const root = '/nexus_bootstrap';

const hour = 3_600_000;

/** What is put into a guest over SSH after every boot, since most of it lies in its memory. */
export class GuestSetup {
  readonly #options: DockerVmOptions;
  #settings: readonly SettingsFile[] = [];
  #done: { boot: string; publishedPort: () => Promise<number> } | undefined;

  constructor(options: DockerVmOptions) {
    this.#options = options;
  }

  /** @throws {NexusError} `config-invalid` when a file of them is wrong. */
  async readSettings(): Promise<void> {
    const { vm, logger } = this.#options;
    if (!vm.settings) return;
    const { files, unknown } = await readSettings(vm.settings);
    if (unknown.length > 0) {
      logger.warn('Settings of unknown names are left out', { folder: vm.settings, names: unknown });
    }
    this.#settings = files;
  }

  putSettings(guest: Transport, signal?: AbortSignal): Promise<void> {
    return putSettings(guest, this.#settings, signal);
  }

  async provideWatcher(guest: Transport, signal: AbortSignal, say: (detail: string) => void): Promise<void> {
    const { vm, source, logger } = this.#options;
    const nixpkgs = nixpkgsLocation(vm.nixpkgs);
    for (const warning of await provideWatcher({ transport: guest, source, nixpkgs, signal, say })) {
      logger.warn('The booted system is not the builder ISO', { why: warning });
    }
  }

  /** The last of it; from now on `again` knows what to do. */
  async finish(guest: Transport, boot: string, publishedPort: () => Promise<number>): Promise<void> {
    const { paths, keys } = this.#options;
    const destination = await sshDestination(paths, keys, await publishedPort());
    await guest.put(posix.join(root, 'ssh_destination'), destination, { mode: 0o644 });
    this.#done = { boot, publishedPort };
  }

  /** Does all of it again in a guest that was away, if it has booted meanwhile. */
  async again(guest: Transport): Promise<void> {
    const { logger } = this.#options;
    const boot = await bootIdOf(guest);
    // Before the first time has ended, its own steps do what is needed.
    if (!this.#done || boot === this.#done.boot) return;
    logger.warn('The guest has booted anew', { boot });
    await this.readSettings().catch((error) => {
      logger.warn('The settings stay as they were', { why: messageOf(error) });
    });
    await this.putSettings(guest);
    await this.provideWatcher(guest, AbortSignal.timeout(hour), () => {});
    await this.finish(guest, boot, this.#done.publishedPort);
  }
}

export async function bootIdOf(guest: Transport): Promise<string> {
  return (await runChecked(guest, ['cat', '/proc/sys/kernel/random/boot_id'])).trim();
}
