# Nix as the builder uses it. Root builds without the daemon, so a changed setting holds from the next command on.
{ lib, pkgs, ... }:
let
  gibibyte = 1024 * 1024 * 1024;
in
{
  nix.settings = {
    experimental-features = [
      "nix-command"
      "flakes"
    ];
    # Collects garbage when the disk gets full, also in the middle of a build. What a build has made but nobody fetched
    # yet is safe: its `result` link in /nexus_bootstrap/builds is a root.
    min-free = 4 * gibibyte;
    max-free = 16 * gibibyte;
    # The VM may be killed at any time, and its store is there to stay.
    fsync-store-paths = true;
    builders-use-substitutes = true;
    # The folder that a flake lies in was made for one build.
    warn-dirty = false;
  };

  # Settings of one installation, written at run time; each of these files may be missing.
  #   /etc/nix/nexus.conf       substituters, keys, access tokens
  #   /etc/nix/machines         remote builders
  #   /etc/nexus/environment    proxies (modules/watcher.nix)
  nix.extraOptions = "!include /etc/nix/nexus.conf";
  # Otherwise NixOS writes an empty `builders`, and /etc/nix/machines is not read.
  nix.distributedBuilds = true;

  # Nobody updates channels here. For scripts that say <nixpkgs> all the same; a flake's own nixpkgs goes before it.
  nix.channel.enable = false;
  nix.nixPath = lib.mkOverride 1400 [
    "nixpkgs=https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz"
  ];

  # Images of other architectures. Nix' settings and its sandbox follow from it.
  boot.binfmt.emulatedSystems = lib.remove pkgs.stdenv.hostPlatform.system [
    "x86_64-linux"
    "aarch64-linux"
    "riscv64-linux"
  ];

  programs.git = {
    enable = true;
    package = pkgs.gitMinimal;
    # Sources are unpacked from archives, whose owners mean nothing here.
    config.safe.directory = "*";
  };
}
