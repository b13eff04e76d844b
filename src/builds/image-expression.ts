import { nixString } from './nix-string.ts';
import { type Variant, variantInfo } from './variants.ts';

export interface Overrides {
  variants: readonly Variant[];
  /** MiB. */
  diskSize: number | undefined;
  imageName: string | undefined;
  /** Nix expressions of further modules. */
  modules: readonly string[];
  /** Set where the configuration itself would decide. */
  system: string | undefined;
}

/** The user's files are never edited: this module goes beside theirs, and says what was asked for on top. */
export function overrideModule({ variants, diskSize, imageName, modules, system }: Overrides): string {
  const settings = variants.flatMap((variant) => {
    const body = [...defaultsOf(variant), ...sizeOf(variant, diskSize), ...nameOf(variant, imageName)];
    return body.length === 0
      ? []
      : [`  ${optionPath(variant)} = {\n${body.map((line) => `    ${line}\n`).join('')}  };`];
  });
  const platform = system === undefined ? [] : [`  nixpkgs.hostPlatform = lib.mkForce ${nixString(system)};`];
  return `# Written by Nexus Builder.
{ lib, ... }:
{
  imports = [ ${modules.join(' ')} ];
${[...platform, ...settings].join('\n')}
}
`;
}

/** A list of what to build: for each variant its derivation, and where in the output the image lies. */
export function imageExpression(nixos: string, variants: readonly Variant[], imageName?: string): string {
  const diskName =
    imageName === undefined
      ? `"\${nixos.config.networking.hostName}-vm.qcow2"`
      : nixString(`${imageName}.qcow2`);
  return `# Written by Nexus Builder.
let
  nixos = ${nixos};
  build = nixos.config.system.build;
  images = build.images or (throw "this nixpkgs is older than NixOS 25.05 and has no config.system.build.images");
  imageOf = variant:
    images.\${variant} or (throw
      "this nixpkgs has no image variant \${variant}; it has: \${toString (builtins.attrNames images)}");
  describe = variant:
    if variant == "vm" then
      # Its script refers to the disk; where, the build tells.
      {
        inherit variant;
        derivation = build.vmWithBootLoader.drvPath;
        file = "bin";
        name = ${diskName};
      }
    else
      let image = imageOf variant; in
      { inherit variant; derivation = image.drvPath; file = image.passthru.filePath; };
in
map describe [ ${variants.map(nixString).join(' ')} ]
`;
}

/** Settings of one variant only; the vm is no image to nixpkgs, but has a variant of the configuration too. */
function optionPath(variant: Variant): string {
  return variant === 'vm' ? 'virtualisation.vmVariantWithBootLoader' : `image.modules.${nixString(variant)}`;
}

function defaultsOf(variant: Variant): string[] {
  switch (variant) {
    // A bare ISO boots by BIOS only, not from a USB stick, and has no virtio drivers in its first stage.
    case 'iso':
      return [
        'isoImage.makeEfiBootable = lib.mkDefault true;',
        'isoImage.makeUsbBootable = lib.mkDefault true;',
        'hardware.enableAllHardware = lib.mkDefault true;',
      ];
    // Without its run script there is nothing to share, and a disk that is full to the brim has to be able to grow.
    case 'vm':
      return [
        'virtualisation.sharedDirectories = lib.mkForce { };',
        'virtualisation.fileSystems."/".autoResize = true;',
        'boot.growPartition = true;',
      ];
    default:
      return [];
  }
}

function sizeOf(variant: Variant, diskSize: number | undefined): string[] {
  if (diskSize === undefined || variantInfo(variant).disk !== 'sized') return [];
  return [`virtualisation.diskSize = lib.mkForce ${diskSize};`];
}

function nameOf(variant: Variant, imageName: string | undefined): string[] {
  if (imageName === undefined || variant === 'vm') return [];
  return [`image.baseName = lib.mkForce ${nixString(imageName)};`];
}
