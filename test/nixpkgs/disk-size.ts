import { readFile } from 'node:fs/promises';
import { errorOf, type Nix } from './nix.ts';

/** What ZFS images add for their boot partition. */
const bootMebibytes = 2048;

/** True when a derivation, or an image or appliance that it is made of, makes a disk of that size. */
export async function makesDiskOf(mebibytes: number, derivation: string, nix: Nix): Promise<boolean> {
  const ran = await nix.run(['nix-store', '--query', '--requisites', derivation]);
  if (ran.status !== 0) throw new Error(errorOf(ran));
  const images = ran.out.split('\n').filter((path) => /(image|ova).*\.drv$/.test(path));
  const texts = await Promise.all([derivation, ...images].map((path) => readFile(path, 'utf8')));
  const sizes = texts.flatMap((text) => [...text.matchAll(/\b(\d+)M\b/g)].map(([, size]) => Number(size)));
  return sizes.some((size) => size >= mebibytes && size <= mebibytes + bootMebibytes);
}
