# An SD card for a Raspberry Pi 3 or 4. Nothing in its build boots a VM, so an x86_64 builder makes it by emulation.
#
#   nexus build examples/raspberry-pi --variant sd-card --system aarch64-linux
#
# Then: zstd -dc artifacts/…/*.img.zst | sudo dd of=/dev/sdX bs=4M status=progress
{ lib, ... }:
{
  networking.hostName = "raspberry";

  # Log in as “pi”, with your own key in place of this one.
  users.users.pi = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"
    ];
  };
  security.sudo.wheelNeedsPassword = false;
  services.openssh.enable = true;

  # The variant's own list is for every board there is; ZFS alone would have to be compiled for hours.
  boot.supportedFilesystems = lib.mkForce [
    "vfat"
    "ext4"
  ];

  system.stateVersion = "26.05";
}
