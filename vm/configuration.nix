# The builder VM: a NixOS that boots from an ISO in a qemux/qemu container and builds what arrives in
# /nexus_bootstrap/pipe_in.
#
#   nix-build '<nixpkgs/nixos>' -A config.system.build.isoImage -I nixos-config=./configuration.nix
#   nix build .#packages.x86_64-linux.default          (or aarch64-linux; the same, with a pinned nixpkgs)
#
# What it needs from whoever boots it:
#   - systemd credential `ssh.authorized_keys.root`     the public key that may log in    modules/access.nix
#   - systemd credential `tmpfiles.ssh_host_key`        the private host key of its sshd
#   - a disk with the serial number `nexus-store`       cache and results                 modules/store-disk.nix
#
# No hostPlatform is set: without a flake it is the system of whoever evaluates, or `--argstr system`.
{
  lib,
  modulesPath,
  pkgs,
  ...
}:
{
  imports = [
    # Not installation-cd-minimal.nix: it replaces every fileSystems entry by its own (installation-cd-base.nix), and
    # brings NetworkManager, ZFS, a user without a password and a copy of nixpkgs.
    (modulesPath + "/installer/cd-dvd/iso-image.nix")
    (modulesPath + "/profiles/minimal.nix")
    (modulesPath + "/profiles/qemu-guest.nix")
    ./modules/access.nix
    ./modules/nix.nix
    ./modules/store-disk.nix
    ./modules/watcher.nix
  ];

  system.stateVersion = "26.05";
  networking.hostName = "nexus-builder";

  # ---- The medium

  image.baseName = lib.mkForce "nexus-builder";
  isoImage = {
    volumeID = "NEXUS_BUILDER";
    makeEfiBootable = true;
    # A hybrid ISO has a boot sector, and qemux/qemu attaches such a one as a slow USB stick instead of a CD-ROM.
    makeUsbBootable = false;
    # The default level of 19 is what makes an ISO slow to build.
    squashfsCompression = "zstd -Xcompression-level 6";
    grubTheme = null;
    appendToMenuLabel = " builder";
  };
  # Not 0, which isolinux takes for “wait for ever”.
  boot.loader.timeout = lib.mkForce 1;

  # ---- Nobody sits at its console

  boot.kernelParams = [
    "console=tty0"
    # The last one is where systemd talks to: the serial port, which `docker logs` shows.
    (if pkgs.stdenv.hostPlatform.isx86 then "console=ttyS0,115200n8" else "console=ttyAMA0")
    # A boot that fails is tried again instead of waiting for somebody.
    "panic=30"
    "boot.panic_on_fail"
  ];
  systemd.enableEmergencyMode = false;
  # iso-image.nix opens a root shell there, which everybody who reaches the VM's screen could use.
  boot.initrd.systemd.emergencyAccess = lib.mkForce false;

  # ---- Network and clock

  networking.useNetworkd = true;
  # Only sshd listens, and the many small programs that load firewall rules would delay the network.
  networking.firewall.enable = false;
  services.resolved.settings.Resolve = {
    LLMNR = false;
    MulticastDNS = false;
    # Other containers are known by names of one word.
    ResolveUnicastSingleLabel = true;
  };
  # Nothing at boot needs to wait: whoever reaches the VM by SSH knows that its network is up.
  systemd.network.wait-online.enable = false;
  # The clock of a VM stands still while its host sleeps, and TLS and file times need a right one.
  services.timesyncd.enable = true;

  # ---- A small and quick system

  # nixpkgs' modules load kvm-intel or kvm-amd by themselves where the CPU has it; image formats whose build boots a
  # VM then use it, and so may what such a VM runs.
  boot.extraModprobeConfig = ''
    options kvm_intel nested=1
    options kvm_amd nested=1
  '';
  zramSwap.enable = true;
  # The journal is for the running system; the root file system is memory.
  services.journald.storage = "volatile";
  systemd.coredump.enable = false;
  systemd.oomd.enable = false;
  boot.bcache.enable = false;
  boot.enableContainers = false;
  services.lvm.enable = false;
  security.sudo.enable = false;
  programs.nano.enable = false;
  fonts.fontconfig.enable = false;
  documentation.enable = false;
  system.disableInstallerTools = true;
}
