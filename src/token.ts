import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { systemCodeOf } from './errors.ts';
import { writeFileAtomically } from './write-file-atomically.ts';

/** The token of the API: made on first start, kept in a file that only its owner can read. */
export async function loadOrMakeToken(path: string): Promise<string> {
  const known = await readToken(path);
  if (known) return known;
  const token = randomBytes(32).toString('base64url');
  await writeFileAtomically(path, `${token}\n`);
  return token;
}

/** What a header can carry and nobody can guess; a file that says anything else was damaged, and is replaced. */
const whole = /^[\x21-\x7e]{16,}$/;

export async function readToken(path: string): Promise<string | undefined> {
  try {
    const token = (await readFile(path, 'utf8')).trim();
    return whole.test(token) ? token : undefined;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
