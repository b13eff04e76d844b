# On top of any configuration: tools to look into a machine that does not boot, and a root shell on its console.
{ pkgs, ... }:
{
  environment.systemPackages = [
    pkgs.ddrescue
    pkgs.parted
    pkgs.pciutils
  ];
  services.getty.autologinUser = "root";
}
