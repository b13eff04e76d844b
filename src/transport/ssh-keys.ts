import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import ssh2 from 'ssh2';
import { systemCodeOf } from '../errors.ts';
import type { DataPaths } from '../paths.ts';

export interface SshKeys {
  /** Private keys in OpenSSH's own format, public keys as one line of authorized_keys. */
  client: { privateKey: string; publicKey: string };
  host: { privateKey: string; publicKey: string };
}

/** The two key pairs of this installation: made on first use, never shared between installations. */
export async function loadOrMakeKeys(paths: DataPaths): Promise<SshKeys> {
  return {
    client: await loadOrMake(paths.clientKey, paths.clientPublicKey, 'nexus-builder'),
    host: await loadOrMake(paths.hostKey, paths.hostPublicKey, 'nexus-builder-vm'),
  };
}

async function loadOrMake(privatePath: string, publicPath: string, comment: string) {
  try {
    const [privateKey, publicKey] = await Promise.all([read(privatePath), read(publicPath)]);
    return { privateKey, publicKey };
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
  }
  const keys = makeKeyPair(comment);
  await mkdir(dirname(privatePath), { recursive: true, mode: 0o700 });
  await chmod(dirname(privatePath), 0o700);
  await writeFile(privatePath, keys.privateKey, { mode: 0o600, flush: true });
  await writeFile(publicPath, keys.publicKey, { mode: 0o644, flush: true });
  return keys;
}

/** ssh2 drops leading zeros, which makes one pair in 250 unreadable (https://github.com/mscdex/ssh2/issues/1390). */
export function makeKeyPair(comment: string): SshKeys['client'] {
  while (true) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    const readable = [pair.private, pair.public].every((key) => !(ssh2.utils.parseKey(key) instanceof Error));
    if (readable) return { privateKey: withNewline(pair.private), publicKey: withNewline(pair.public) };
  }
}

const read = (path: string) => readFile(path, 'utf8');

/** OpenSSH refuses a private key file whose last line does not end. */
const withNewline = (text: string) => (text.endsWith('\n') ? text : `${text}\n`);
