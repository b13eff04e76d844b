import { writeFile } from 'node:fs/promises';
import type { DataPaths } from '../../paths.ts';
import { shellQuote } from '../../transport/shell-quote.ts';
import type { SshKeys } from '../../transport/ssh-keys.ts';

/** Name under which our known_hosts lists the guest, wherever it is reached. */
const hostAlias = 'nexus-builder-vm';

/**
 * The arguments with which `scp` and `ssh` reach the guest from the Docker host, as one line of Bash; the watcher
 * prints commands with it. Writes the known_hosts file they name.
 */
export async function sshDestination(paths: DataPaths, keys: SshKeys, port: number): Promise<string> {
  await writeFile(paths.knownHosts, `${hostAlias} ${keys.host.publicKey}`);
  const words = [
    ...['-P', String(port), '-i', paths.clientKey, '-o', `UserKnownHostsFile=${paths.knownHosts}`],
    ...['-o', `HostKeyAlias=${hostAlias}`, 'root@127.0.0.1'],
  ];
  return `${shellQuote(words)}\n`;
}
