import { z } from 'zod';
import { NexusError } from '../errors.ts';
import { ownLimits } from '../limits.ts';
import { nixpkgsLocation } from '../nixpkgs.ts';
import { bootCheckRequest } from './boot-check-request.ts';
import { resolveVariant, type Variant } from './variants.ts';

/** Neither NUL, which no argument of a program can hold, nor half a surrogate pair, which no UTF-8 can. */
const isText = (text: string) => !/[\0\p{Surrogate}]/u.test(text);
const text = z.string().refine(isText, 'must be text without NUL and without half surrogate pairs');

/** Part of folder names on our side; letters, digits and a few signs no shell or file system minds. */
const buildName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'must begin with a letter or digit and have only letters, digits and . _ -',
  );

/** A path inside the uploaded source. */
const pathInSource = text
  .min(1)
  .max(1000)
  .refine(isInside, 'must be a relative path that stays inside the source');

const attribute = text
  .min(1)
  .max(1000)
  .regex(/^[^-\s][^\n\r]*$/, 'must be an attribute path, such as packages.image');

/** Sources are uploaded first, and named by their content. */
const sourceId = z.string().regex(/^[0-9a-f]{64}$/, 'must be the id of an uploaded source');

const nixpkgs = text.min(1).max(4000).describe('Channel, revision, or path on the builder');

const system = z.string().regex(/^[a-z0-9_]+-[a-z0-9]+$/, 'must be a Nix system, such as x86_64-linux');

/** A flake that the builder fetches itself, such as `github:owner/repository/branch`. */
const flakeReference = text
  .max(4000)
  .regex(
    /^[a-z][a-z0-9+]*:[^\s#]+$/,
    'must be a flake reference without fragment, such as github:owner/repository',
  );

export const conversions = ['raw', 'qcow2', 'vmdk', 'vdi', 'vhdx'] as const;

/** A disk of a few MiB holds no system, and one of more than 16 TiB no file system of ours. */
const diskSize = z
  .number()
  .int()
  .min(64, 'must be at least 64 MiB')
  .max(16 * 1024 * 1024, 'must be at most 16 TiB')
  .describe('Size of the disk in MiB');

/** What every request may say besides what it wants built. */
const common = {
  name: buildName,
  limits: ownLimits.optional(),
  priority: z.number().int().min(-10).max(10).optional().describe('The higher the sooner; 0 by default'),
  rebuild: z
    .boolean()
    .optional()
    .describe('Build anew although the artifacts of an identical request are still there'),
  bootCheck: bootCheckRequest.optional(),
};

const imageOptions = {
  ...common,
  variants: z.array(text.max(255)).min(1).max(32).describe('Image formats: see `nexus variants`'),
  system: system.optional().describe('System of the image (default: the builder’s)'),
  diskSize: diskSize.optional(),
  imageName: buildName.optional().describe('File name of the image, without its ending'),
  modules: z.array(pathInSource).max(64).default([]).describe('Further NixOS modules in the source'),
  convert: z.enum(conversions).optional().describe('Convert the disk to this format of qemu-img'),
};

/** What a person wants built. */
export const buildRequest = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('image'),
      ...imageOptions,
      source: sourceId,
      configuration: pathInSource.describe('The configuration.nix in the source'),
      nixpkgs: nixpkgs.optional(),
    })
    .describe('Images of a NixOS configuration'),
  z
    .strictObject({
      kind: z.literal('flake-image'),
      ...imageOptions,
      source: sourceId.optional(),
      flake: flakeReference.optional().describe('Where the flake is, when it is not the source'),
      host: text.min(1).max(255).optional().describe('Which of nixosConfigurations, when there are several'),
    })
    .describe('Images of a flake’s nixosConfigurations'),
  z
    .strictObject({
      kind: z.literal('nix'),
      ...common,
      source: sourceId,
      file: pathInSource.describe('The Nix file in the source, or a folder with a default.nix'),
      attribute: attribute.optional(),
      nixpkgs: nixpkgs.optional(),
      convert: imageOptions.convert,
    })
    .describe('A Nix file, built as it is'),
  z
    .strictObject({
      kind: z.literal('flake'),
      ...common,
      source: sourceId.optional(),
      flake: flakeReference.optional(),
      attribute: attribute.describe('What follows the # in a flake reference'),
      convert: imageOptions.convert,
    })
    .describe('An attribute of a flake, built as it is'),
  z
    .strictObject({
      kind: z.literal('script'),
      ...common,
      source: sourceId.optional(),
      script: text.min(1).max(1024 * 1024),
    })
    .describe('Bash of your own, run on the builder'),
]);

export type BuildRequest = z.infer<typeof buildRequest>;
export type RequestOf<K extends BuildRequest['kind']> = Extract<BuildRequest, { kind: K }>;
export type Conversion = (typeof conversions)[number];

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
  const request = result.data;
  if ((request.kind === 'flake' || request.kind === 'flake-image') && !request.flake && !request.source) {
    throw new NexusError('request-invalid', 'The request is wrong: it names neither a source nor a flake');
  }
  // What cannot work is said before anything starts.
  if ('nixpkgs' in request && request.nixpkgs !== undefined) nixpkgsLocation(request.nixpkgs);
  return 'variants' in request ? { ...request, variants: request.variants.map(resolveVariant) } : request;
}

/** The variants of a request that has been parsed, without their old names. */
export function variantsOf(request: RequestOf<'image' | 'flake-image'>): Variant[] {
  return [...new Set(request.variants.map(resolveVariant))];
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..');
}
