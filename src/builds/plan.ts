import { nixpkgsLocation } from '../nixpkgs.ts';
import { nixString } from './nix-string.ts';
import type { BuildRequest } from './request.ts';

/** How a request is built, decided before anything is done. Paths are relative to the build's folder on the builder. */
export type Plan =
  | {
      kind: 'image';
      /** Nix files to write, by name. */
      files: Record<string, string>;
      /** Prints `{ derivation, file }` as JSON: what to build, and where in its output the artifact lies. */
      evaluate: string[];
    }
  | {
      kind: 'nix';
      /** Makes the derivations and links them as `derivation.drv`, `derivation.drv-2` … */
      instantiate: string[];
    }
  | { kind: 'script'; script: string };

export interface PlanDefaults {
  /** nixpkgs for requests that name none. */
  nixpkgs: string;
  /** The builder's own system. */
  system: string;
}

/** Folder of the build, on the builder, in which the source is unpacked. */
export const sourceFolder = 'source';

/** @throws {NexusError} `request-invalid`. */
export function planBuild(request: BuildRequest, defaults: PlanDefaults): Plan {
  switch (request.kind) {
    case 'image':
      return planImage(request, defaults);
    case 'nix':
      return planNix(request, defaults);
    case 'script':
      return { kind: 'script', script: request.script };
  }
}

type RequestOf<K extends BuildRequest['kind']> = Extract<BuildRequest, { kind: K }>;

function planImage(request: RequestOf<'image'>, defaults: PlanDefaults): Plan {
  return {
    kind: 'image',
    files: {
      'configuration.nix': wrapperModule(request.configuration),
      'image.nix': imageExpression(request.variant, request.system ?? defaults.system),
    },
    evaluate: [
      // Read-write mode, because evaluation has to leave the derivation in the store.
      ...['nix-instantiate', '--eval', '--strict', '--json', '--read-write-mode'],
      ...include(request.nixpkgs ?? defaults.nixpkgs),
      './image.nix',
    ],
  };
}

function planNix(request: RequestOf<'nix'>, defaults: PlanDefaults): Plan {
  return {
    kind: 'nix',
    instantiate: [
      ...['nix-instantiate', '--add-root', './derivation.drv', '--indirect'],
      ...include(request.nixpkgs ?? defaults.nixpkgs),
      ...(request.attribute ? ['-A', request.attribute] : []),
      `./${sourceFolder}/${request.file}`,
    ],
  };
}

const include = (nixpkgs: string) => ['-I', `nixpkgs=${nixpkgsLocation(nixpkgs)}`];

/** The user's files are never edited: this module imports theirs and says what an image of today expects. */
function wrapperModule(configuration: string): string {
  return `# Written by Nexus Builder around your configuration.
{ ... }:
{
  imports = [ (./${sourceFolder} + ${nixString(`/${configuration}`)}) ];

  # A bare ISO boots by BIOS only and has no virtio drivers in its first stage.
  image.modules.iso = {
    isoImage.makeEfiBootable = true;
    isoImage.makeUsbBootable = true;
    hardware.enableAllHardware = true;
  };
}
`;
}

function imageExpression(variant: string, system: string): string {
  return `# Written by Nexus Builder.
let
  nixos = import <nixpkgs/nixos> {
    configuration = ./configuration.nix;
    system = ${nixString(system)};
  };
  images = nixos.config.system.build.images;
  variant = ${nixString(variant)};
  image =
    images.\${variant} or (throw
      "this nixpkgs has no image variant \${variant}; it has: \${toString (builtins.attrNames images)}");
in
{
  derivation = image.drvPath;
  file = image.passthru.filePath;
}
`;
}
