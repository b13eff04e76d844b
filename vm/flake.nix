{
  description = "The builder VM of Nexus Builder";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      forSystems = nixpkgs.lib.genAttrs [
        "x86_64-linux"
        "aarch64-linux"
      ];
    in
    {
      nixosConfigurations = forSystems (
        system:
        nixpkgs.lib.nixosSystem {
          modules = [
            ./configuration.nix
            { nixpkgs.hostPlatform = system; }
          ];
        }
      );

      packages = forSystems (system: {
        default = self.nixosConfigurations.${system}.config.system.build.isoImage;
      });
    };
}
