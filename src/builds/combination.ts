import { NexusError } from '../errors.ts';
import { type Variant, variantInfo, variantNames } from './variants.ts';

export interface Combination {
  variants: readonly Variant[];
  /** System of the image. */
  system: string;
  /** System of the builder. */
  builder: string;
  diskSize?: number | undefined;
  convert?: string | undefined;
}

/** What each builder can run of other systems by emulation (vm/modules: boot.binfmt.emulatedSystems). */
const emulated = ['x86_64-linux', 'aarch64-linux', 'riscv64-linux'];

/** How the names of disks end that qemu-img reads as they are. */
const plainDisks = ['qcow2', 'img', 'vhd', 'vhdx', 'vmdk'];

/**
 * Refuses at once what could only fail after a long build.
 * @throws {NexusError} `request-invalid` with the reason, and what would work.
 */
export function checkCombination(combination: Combination): void {
  const { variants } = combination;
  for (const variant of variants) checkSystem(variant, combination);
  // Of several variants those take it that can.
  const [first] = variants;
  if (!first) return;
  if (!variants.some((variant) => variantInfo(variant).disk === 'sized')) checkDiskSize(first, combination);
  if (!variants.some(isPlainDisk)) checkConversion(first, combination);
}

function checkSystem(variant: Variant, { system, builder }: Combination): void {
  const { systems, bootsVm } = variantInfo(variant);
  if (systems && !systems.includes(system)) {
    throw invalid(
      `The variant ${variant} exists for ${systems.join(' and ')} only, not for ${system}`,
      'Leave --system out.',
    );
  }
  if (system === builder) return;
  if (!emulated.includes(system)) {
    throw invalid(
      `A builder that is ${builder} can build nothing for ${system}`,
      `It can for ${emulated.join(', ')}.`,
    );
  }
  if (bootsVm) {
    const without = variantNames.filter((name) => !variantInfo(name).bootsVm && fits(name, system));
    throw invalid(
      `The variant ${variant} for ${system} boots a VM while it is built, and that does not work by emulation on a builder that is ${builder}`,
      `These do: ${without.join(', ')}. Or use a builder that is ${system}, for example as one of Nix’s remote builders.`,
    );
  }
}

function fits(variant: Variant, system: string): boolean {
  const { systems } = variantInfo(variant);
  return systems === undefined || systems.includes(system);
}

function checkDiskSize(variant: Variant, { diskSize }: Combination): void {
  if (diskSize === undefined) return;
  const { disk } = variantInfo(variant);
  if (disk === 'none')
    throw invalid(`The variant ${variant} has no disk whose size could be set`, 'Leave --disk-size out.');
  if (disk === 'fixed') {
    throw invalid(
      `nixpkgs decides the disk size of the variant ${variant} itself`,
      'Leave --disk-size out; qemu-img resize makes a disk larger afterwards.',
    );
  }
}

function checkConversion(variant: Variant, { convert }: Combination): void {
  const { extension } = variantInfo(variant);
  if (convert === undefined) return;
  throw invalid(
    `The variant ${variant} gives a .${extension}, which cannot be converted to ${convert}`,
    'Convert raw-efi or qemu-efi instead.',
  );
}

function isPlainDisk(variant: Variant): boolean {
  return plainDisks.includes(variantInfo(variant).extension);
}

function invalid(message: string, hint: string): NexusError {
  return new NexusError('request-invalid', message, { hint });
}
