# A disk image by nixpkgs' own make-disk-image, for when no variant is what you want. It is a Nix file that is built as
# it is, here with two attributes.
#
#   nexus build examples/disk-image --attr raw
#   nexus build examples/disk-image --attr qcow2
{
  nixpkgs ? <nixpkgs>,
  system ? builtins.currentSystem,
}:
let
  nixos = import (nixpkgs + "/nixos") {
    inherit system;
    configuration = ./machine.nix;
  };
  makeImage =
    format:
    import (nixpkgs + "/nixos/lib/make-disk-image.nix") {
      inherit (nixos) config pkgs;
      inherit (nixos.pkgs) lib;
      inherit format;
      partitionTableType = "efi";
      # In MiB.
      diskSize = 4096;
      # The image is for running, not for building its next version.
      copyChannel = false;
    };
in
{
  raw = makeImage "raw";
  qcow2 = makeImage "qcow2";
}
