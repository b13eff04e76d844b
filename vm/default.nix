# The builder ISO: nix-build vm -I nixpkgs=…
{
  nixpkgs ? <nixpkgs>,
  system ? builtins.currentSystem,
}:
let
  nixos = import (nixpkgs + "/nixos") {
    inherit system;
    configuration = {
      imports = [ ./configuration.nix ];
      nixpkgs.hostPlatform = system;
    };
  };
in
nixos.config.system.build.isoImage
