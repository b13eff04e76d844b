import { NexusError } from '../errors.ts';
import { nearest } from './nearest.ts';

/** Image formats, by nixpkgs' own names: the attributes of `config.system.build.images`. */
export const variants = ['iso'] as const;
export type Variant = (typeof variants)[number];

/**
 * @throws {NexusError} `unknown-variant` with the nearest right ones.
 */
export function checkVariant(name: string): Variant {
  const known = variants.find((variant) => variant === name);
  if (known) return known;
  const near = nearest(name, variants);
  throw new NexusError('unknown-variant', `There is no variant “${name}”`, {
    hint:
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `The variants are: ${variants.join(', ')}.`,
  });
}
