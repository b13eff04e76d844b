/**
 * Names of derivations that write a whole disk, or pack a whole system: they run for minutes and print nothing.
 * Those of nixpkgs: make-disk-image.nix, make-squashfs.nix, make-ext4-fs.nix, make-iso9660-image.nix, repart-image.nix.
 */
const imageNames =
  /(?:^|[-_.])(?:disk-)?image$|\.(?:iso|img|raw|qcow2|vmdk|vhdx?|vdi|squashfs)$|^squashfs|^ext4-fs/;

/** Whether a derivation writes an image, and is silent for long without being stuck. */
export function writesImage(derivation: string): boolean {
  return imageNames.test(derivation);
}
