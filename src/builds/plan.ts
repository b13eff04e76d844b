import { nixpkgsLocation } from '../nixpkgs.ts';
import { checkCombination } from './combination.ts';
import { imageExpression, overrideModule } from './image-expression.ts';
import { nixString } from './nix-string.ts';
import { type BuildRequest, type Conversion, type RequestOf, variantsOf } from './request.ts';

/** How a request is built, decided before anything is done. Paths are relative to the build's folder on the builder. */
export type Plan =
  | {
      kind: 'images';
      /** Nix files to write, by name. */
      files: Record<string, string>;
      /** Prints `[{ variant, derivation, file, name? }]` as JSON: what to build, where in its output the image lies, its name. */
      evaluate: string[];
      convert: Conversion | undefined;
    }
  | {
      kind: 'derivations';
      /** Makes derivations and prints their store paths, one a line. */
      evaluate: string[];
      convert: Conversion | undefined;
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
    case 'flake-image':
      return planFlakeImage(request);
    case 'nix':
      return planNix(request, defaults);
    case 'flake':
      return planFlake(request);
    case 'script':
      return { kind: 'script', script: request.script };
  }
}

/** Flakes are an experimental feature, which a builder that is not ours need not have switched on. */
const flakeFeatures = ['--extra-experimental-features', 'nix-command flakes'];

/** Read-write mode, because evaluation has to leave the derivations in the store. */
const evaluateImages = ['nix-instantiate', '--eval', '--strict', '--json', '--read-write-mode'];

function planImage(request: RequestOf<'image'>, defaults: PlanDefaults): Plan {
  const system = request.system ?? defaults.system;
  const nixos = `import <nixpkgs/nixos> {
    configuration.imports = [
      ${inSource(request.configuration)}
      ./overrides.nix
    ];
    system = ${nixString(system)};
  }`;
  return {
    ...planImages(request, nixos),
    evaluate: [...evaluateImages, ...include(request.nixpkgs ?? defaults.nixpkgs), './images.nix'],
  };
}

function planFlakeImage(request: RequestOf<'flake-image'>): Plan {
  const host = request.host === undefined ? 'null' : nixString(request.host);
  const nixos = `let
    flake = builtins.getFlake ${flakeLocation(request.flake)};
    hosts = flake.nixosConfigurations or (throw "this flake has no nixosConfigurations");
    names = builtins.attrNames hosts;
    only = if builtins.length names == 1 then builtins.head names else throw "name one of nixosConfigurations: \${toString names}";
    host = if ${host} == null then only else ${host};
    configuration = hosts.\${host} or (throw "this flake has no nixosConfigurations.\${host}; it has: \${toString names}");
  in
  configuration.extendModules { modules = [ ./overrides.nix ]; }`;
  return {
    ...planImages(request, nixos),
    evaluate: [...evaluateImages, ...flakeFeatures, './images.nix'],
  };
}

/** `nixos` is a Nix expression of an evaluated NixOS. */
function planImages(request: RequestOf<'image' | 'flake-image'>, nixos: string) {
  const variants = variantsOf(request);
  const { diskSize, imageName, modules, convert } = request;
  const forced = request.kind === 'flake-image' ? request.system : undefined;
  return {
    kind: 'images' as const,
    files: {
      'overrides.nix': overrideModule({
        variants,
        diskSize,
        imageName,
        modules: modules.map(inSource),
        system: forced,
      }),
      'images.nix': imageExpression(nixos, variants, imageName),
    },
    convert,
  };
}

function planNix(request: RequestOf<'nix'>, defaults: PlanDefaults): Plan {
  return {
    kind: 'derivations',
    evaluate: [
      'nix-instantiate',
      ...include(request.nixpkgs ?? defaults.nixpkgs),
      ...(request.attribute ? ['-A', request.attribute] : []),
      `./${sourceFolder}/${request.file}`,
    ],
    convert: request.convert,
  };
}

function planFlake(request: RequestOf<'flake'>): Plan {
  // As a path and not as a git repository, so that files git does not track count as well.
  const flake = request.flake ?? `path:./${sourceFolder}`;
  return {
    kind: 'derivations',
    evaluate: ['nix', ...flakeFeatures, 'path-info', '--derivation', `${flake}#${request.attribute}`],
    convert: request.convert,
  };
}

/** @throws {NexusError} `request-invalid` for a combination that could only fail. */
export function checkRequest(request: BuildRequest, builder: string): void {
  if (request.kind !== 'image' && request.kind !== 'flake-image') return;
  const { system = builder, diskSize, convert } = request;
  checkCombination({ variants: variantsOf(request), system, builder, diskSize, convert });
}

const include = (nixpkgs: string) => ['-I', `nixpkgs=${nixpkgsLocation(nixpkgs)}`];

/** A Nix expression for a file of the source, whatever signs its name has. */
const inSource = (path: string) => `(./${sourceFolder} + ${nixString(`/${path}`)})`;

/**
 * A flake reference is a URL, and the folder of a builder may have any name, so the flake is put into the store first.
 * Escaping would not do: Nix 2.8 does not undo it in paths, and Nix 2.26 takes no letter outside of ASCII.
 */
const ownFlake = `("path:" + builtins.unsafeDiscardStringContext "\${builtins.path { path = ./${sourceFolder}; name = "source"; }}")`;

function flakeLocation(flake: string | undefined): string {
  return flake === undefined ? ownFlake : nixString(flake);
}
