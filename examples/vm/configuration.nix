# A machine to try things in: what `nix-build '<nixpkgs/nixos>' -A vm` is on NixOS, as a disk that QEMU boots anywhere.
#
#   nexus build examples/vm --variant vm
#   qemu-system-x86_64 -m 1G -nographic -drive file=artifacts/vm-…/trial-vm.qcow2      (Ctrl-A X ends it)
{ pkgs, ... }:
{
  networking.hostName = "trial";

  users.users.trial = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    initialPassword = "trial";
  };
  environment.systemPackages = [ pkgs.htop ];

  services.nginx = {
    enable = true;
    virtualHosts.localhost.locations."/".return = "200 'NEXUS-VM\\n'";
  };

  # Boot messages and a login prompt on the first serial port as well as on the screen.
  boot.kernelParams = [
    "console=tty0"
    "console=ttyS0,115200n8"
  ];

  # Only for the machine as such a VM, never for an image of it.
  virtualisation.vmVariantWithBootLoader = {
    services.getty.autologinUser = "trial";
    security.sudo.wheelNeedsPassword = false;
  };

  system.stateVersion = "26.05";
}
