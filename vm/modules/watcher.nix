# The watcher that serves the pipe: the same files and units as everywhere else, with the programs they need.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  watcher = pkgs.stdenvNoCC.mkDerivation {
    name = "nexus-watcher";
    src = ../watcher;
    strictDeps = true;
    # For the fix-up phase, which puts it in place of /usr/bin/env.
    buildInputs = [ pkgs.bash ];
    installPhase = ''
      runHook preInstall
      bash ./install --prefix "$out/libexec/nexus" --units "$out/lib/systemd/system"
      runHook postInstall
    '';
  };

  # NixOS adds coreutils, findutils, grep, sed and systemd.
  service = {
    overrideStrategy = "asDropin";
    path = [
      config.nix.package
      config.programs.git.package
      config.programs.ssh.package
      pkgs.bash
      pkgs.bzip2
      pkgs.gnutar
      pkgs.gzip
      pkgs.inotify-tools
      pkgs.jq
      pkgs.procps
      pkgs.qemu-utils
      pkgs.util-linux
      pkgs.xz
      pkgs.zstd
    ];
    environment.NIX_PATH = lib.concatStringsSep ":" config.nix.nixPath;
    serviceConfig.EnvironmentFile = "-/etc/nexus/environment";
  };
in
{
  systemd.packages = [ watcher ];
  systemd.services.nexus-watcher = lib.mkMerge [
    service
    {
      # NixOS does not read [Install].
      wantedBy = [ "multi-user.target" ];
    }
  ];
  systemd.services."nexus-build@" = service;

  # For whoever comes by SSH.
  environment.systemPackages = [
    pkgs.inotify-tools
    pkgs.jq
    pkgs.qemu-utils
  ];
}
