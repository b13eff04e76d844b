# A cloud image: cloud-init gives it name, network, SSH keys and disk size on its first boot.
#
#   nexus build examples/cloud-image --variant qemu-efi                             qcow2 that boots by UEFI
#   nexus build examples/cloud-image --variant qemu                                 qcow2 that boots by BIOS
#   nexus build examples/cloud-image --variant qemu-efi --system aarch64-linux      needs an aarch64 builder
#
# To try it: write a user-data file (#cloud-config, ssh_authorized_keys: …), pack it with
# `cloud-localds seed.iso user-data`, and boot the qcow2 with seed.iso as a second drive.
{ modulesPath, ... }:
{
  # Drivers of virtio disks for the first stage of the boot: the image variants do not bring them.
  imports = [ (modulesPath + "/profiles/qemu-guest.nix") ];

  services.cloud-init = {
    enable = true;
    network.enable = true;
  };
  # cloud-init writes the network's configuration; NixOS must not have another one.
  networking.useNetworkd = true;
  networking.useDHCP = false;
  # And the name.
  networking.hostName = "";

  # cloud-init puts the keys of the cloud into root's authorized_keys.
  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
    settings.PermitRootLogin = "prohibit-password";
  };

  # Where clouds look for the console of a machine.
  boot.kernelParams = [ "console=ttyS0,115200n8" ];

  system.stateVersion = "26.05";
}
