import { z } from 'zod';
import { NexusError } from '../errors.ts';
import { checkVariant } from './variants.ts';

/** Part of folder names on our side; letters, digits and a few signs no shell or file system minds. */
const buildName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must begin with a letter or digit and have only letters, digits and . _ -',
  );

/** A path inside the uploaded source. */
const pathInSource = z
  .string()
  .min(1)
  .max(1000)
  .refine(isInside, 'must be a relative path that stays inside the source');

const attribute = z
  .string()
  .min(1)
  .max(1000)
  .regex(/^[^-\s][^\n\r\0]*$/, 'must be an attribute path, such as packages.image');

/** Sources are uploaded first, and named by their content. */
export const sourceId = z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of an uploaded source');

const nixpkgs = z.string().min(1).max(4000);

const system = z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/, 'must be a Nix system, such as x86_64-linux');

/** What a person wants built. */
export const buildRequest = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('image'),
      name: buildName,
      source: sourceId,
      configuration: pathInSource.describe('The configuration.nix in the source'),
      variant: z.string().describe('Image format: an attribute of config.system.build.images'),
      nixpkgs: nixpkgs.optional().describe('Channel, revision, or path on the builder'),
      system: system.optional(),
    })
    .describe('An image of a NixOS configuration'),
  z
    .strictObject({
      kind: z.literal('nix'),
      name: buildName,
      source: sourceId,
      file: pathInSource.describe('The Nix file in the source, or a folder with a default.nix'),
      attribute: attribute.optional(),
      nixpkgs: nixpkgs.optional(),
    })
    .describe('A Nix file, built as it is'),
  z
    .strictObject({
      kind: z.literal('script'),
      name: buildName,
      source: sourceId.optional(),
      script: z
        .string()
        .min(1)
        .max(1024 * 1024),
    })
    .describe('Bash of your own, run on the builder'),
]);

export type BuildRequest = z.infer<typeof buildRequest>;

/**
 * @throws {NexusError} `request-invalid` naming everything that is wrong, or `unknown-variant`.
 */
export function parseRequest(value: unknown): BuildRequest {
  const result = buildRequest.safeParse(value);
  if (!result.success) {
    const wrong = result.error.issues.map(
      ({ path, message }) => `${path.join('.') || 'request'}: ${message}`,
    );
    throw new NexusError('request-invalid', `The request is wrong: ${wrong.join('; ')}`, {
      cause: result.error,
    });
  }
  if (result.data.kind === 'image') checkVariant(result.data.variant);
  return result.data;
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..');
}
