/** A NixOS configuration that builds as it is, as an image of any variant, and says what can be changed. */
export function starterConfiguration(hostname: string): string {
  return `# A NixOS system, to be built into an image:
#
#   nexus build                                   an ISO to boot from
#   nexus build --variant qemu-efi --disk-size 20G   a disk for a virtual machine
#   nexus variants                                all formats
#
# All options: https://search.nixos.org/options   All packages: https://search.nixos.org/packages
{ config, lib, pkgs, ... }:
{
  networking.hostName = "${hostname}";

  # Who may log in. The password is for the first login only: change it with passwd,
  # or delete the line and use your SSH key.
  users.users.admin = {
    isNormalUser = true;
    extraGroups = [ "wheel" ]; # may use sudo
    initialPassword = "change-me";
    openssh.authorizedKeys.keys = [
      # "ssh-ed25519 AAAA… you@your-machine"
    ];
  };

  # Logging in over the network, with a key only.
  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
  };

  # Programs that everybody on the machine has.
  environment.systemPackages = [
    pkgs.git
    pkgs.htop
  ];

  # time.timeZone = "Europe/Berlin";
  # i18n.defaultLocale = "de_DE.UTF-8";
  # console.keyMap = "de";

  # A web server:
  # services.nginx.enable = true;
  # networking.firewall.allowedTCPPorts = [ 80 ];

  # Show the boot on the first serial port too, where qemu -nographic and clouds look.
  boot.kernelParams = [ "console=tty0" "console=ttyS0,115200n8" ];

  # The release whose defaults for data on disk this machine keeps. Do not change it later.
  system.stateVersion = "26.05";
}
`;
}
