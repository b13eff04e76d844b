# A small ISO that boots to a login prompt and tells its name.
#
#   nexus build examples/hello-iso
{ pkgs, ... }:
{
  networking.hostName = "hello";

  # Log in as “nixos” with the password “nixos”.
  users.users.nixos = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    initialPassword = "nixos";
  };

  # Boot messages and a login prompt on the first serial port as well as on the screen.
  boot.kernelParams = [
    "console=tty0"
    "console=ttyS0,115200n8"
  ];

  environment.systemPackages = [ pkgs.hello ];
  services.getty.greetingLine = "NEXUS-HELLO-ISO";

  system.stateVersion = "26.05";
}
