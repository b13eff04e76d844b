# One configuration, many images of it. It names neither file systems nor a boot loader: each variant brings its own.
#
#   nexus build examples/many-images --variant qemu-efi --variant vmware --disk-size 20G
#   nexus build examples/many-images --variant raw-efi --convert vdi --image-name appliance
#   nexus build examples/many-images --variant lxc --variant lxc-metadata
#   nexus build examples/many-images --variant iso --module examples/many-images/rescue.nix
#   nexus build examples/many-images --variant iso --system aarch64-linux
{ modulesPath, pkgs, ... }:
{
  imports = [ (modulesPath + "/profiles/qemu-guest.nix") ];

  networking.hostName = "appliance";
  services.nginx = {
    enable = true;
    virtualHosts.default = {
      default = true;
      root = pkgs.writeTextDir "index.html" "Made with Nexus Builder\n";
    };
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  # What is meant for one variant only.
  image.modules.vmware = {
    virtualisation.vmware.guest.enable = true;
  };

  system.stateVersion = "26.05";
}
