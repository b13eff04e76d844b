# A flake with a machine, and images of it as packages.
#
#   nexus build examples/flake-image#azure
#   nexus build examples/flake-image#nixosConfigurations.build-qcow2.config.system.build.qcow2
#   nexus build examples/flake-image#nixosConfigurations.server --variant qemu-efi
{
  description = "A machine, and images of it";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      system = "x86_64-linux";
    in
    {
      nixosConfigurations.server = nixpkgs.lib.nixosSystem {
        modules = [
          ./server.nix
          { nixpkgs.hostPlatform = system; }
        ];
      };

      # nixpkgs' own image variants, each of which brings its file systems and boot loader.
      packages.${system} = {
        inherit (self.nixosConfigurations.server.config.system.build.images) azure qemu-efi;
        default = self.packages.${system}.qemu-efi;
      };

      # A disk image made by hand, as many flakes do.
      nixosConfigurations.build-qcow2 = nixpkgs.lib.nixosSystem {
        modules = [
          ./server.nix
          { nixpkgs.hostPlatform = system; }
          ./build-qcow2.nix
        ];
      };
    };
}
