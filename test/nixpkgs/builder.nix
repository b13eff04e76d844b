# What the builder VM has become after evaluation, as far as its promises go; builder-cases.ts judges it.
{ system }:
let
  nixos = import <nixpkgs/nixos> {
    configuration = ../../vm/configuration.nix;
    inherit system;
  };
  inherit (nixos) config;
  inherit (nixos.pkgs) lib;
in
{
  derivation = config.system.build.isoImage.drvPath;
  file = config.image.filePath;
  failedAssertions = map ({ message, ... }: message) (lib.filter ({ assertion, ... }: !assertion) config.assertions);
  inherit (config) warnings;

  sshd = {
    inherit (config.services.openssh) enable hostKeys authorizedKeysFiles;
    inherit (config.services.openssh.settings)
      AllowUsers
      KbdInteractiveAuthentication
      PasswordAuthentication
      PermitRootLogin
      ;
    wantedBy = config.systemd.services.sshd.wantedBy;
  };
  # Of a user without a password only the key remains; what is set here could be logged in with.
  passwords = lib.attrNames (
    lib.filterAttrs (
      _: user:
      lib.any (password: password != null) [
        user.password
        user.hashedPassword
        user.hashedPasswordFile
        user.initialPassword
        user.initialHashedPassword
      ]
    ) config.users.users
  );
  tmpfiles = lib.mapAttrs (_: lib.mapAttrs (_: lib.mapAttrs (_: rule: rule.argument))) (
    lib.filterAttrs (name: _: name == "nexus" || name == "ssh-root-provision") config.systemd.tmpfiles.settings
  );

  fileSystems = lib.mapAttrs (_: { device, fsType, options, ... }: { inherit device fsType options; }) config.fileSystems;
  udevRules = {
    initrd = config.boot.initrd.services.udev.rules;
    system = config.services.udev.extraRules;
  };
  initrd = {
    inherit (config.boot.initrd) availableKernelModules kernelModules;
    systemd = config.boot.initrd.systemd.enable;
    emergencyAccess = config.boot.initrd.systemd.emergencyAccess;
    store = {
      inherit (config.boot.initrd.systemd.services.nexus-store) before requiredBy script;
      # Two packages with a program of the same name cannot be in one initrd.
      programs = map toString config.boot.initrd.systemd.services.nexus-store.path;
      utilLinux = toString (lib.getBin config.boot.initrd.systemd.package.util-linux);
    };
  };
  registersStore = {
    inherit (config.systemd.services.register-nix-paths) after before;
  };

  units = lib.genAttrs [ "nexus-watcher.service" "nexus-build@.service" ] (name: {
    inherit (config.systemd.units.${name}) overrideStrategy text wantedBy;
  });
  unitPackages = map lib.getName config.systemd.packages;
  programs = map lib.getName config.systemd.services."nexus-build@".path;

  nix = {
    inherit (config.nix) distributedBuilds extraOptions nixPath;
    settings = {
      inherit (config.nix.settings)
        experimental-features
        fsync-store-paths
        max-free
        min-free
        sandbox
        system-features
        ;
      extra-platforms = config.nix.settings.extra-platforms;
      builders = config.nix.settings.builders or null;
    };
  };
  emulatedSystems = lib.attrNames config.boot.binfmt.registrations;
  inherit (config.boot) extraModprobeConfig kernelParams;
  loaderTimeout = config.boot.loader.timeout;
  iso = { inherit (config.isoImage) makeBiosBootable makeEfiBootable makeUsbBootable; };
  clock = config.services.timesyncd.enable;
  git = config.programs.git.enable;
}
