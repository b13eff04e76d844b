import { readFile } from 'node:fs/promises';
import type { Nix } from './nix.ts';
import { errorOf } from './nix.ts';

/** True when a derivation, or an image that it is made of, has the text in what it runs. */
export async function mentions(nix: Nix, derivation: string, text: string): Promise<boolean> {
  const ran = await nix.run(['nix-store', '--query', '--requisites', derivation]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  const images = ran.out.split('\n').filter((path) => /image.*\.drv$/.test(path));
  const texts = await Promise.all([derivation, ...images].map((path) => readFile(path, 'utf8')));
  return texts.some((found) => found.includes(text));
}
