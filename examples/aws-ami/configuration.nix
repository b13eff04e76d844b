# An image for Amazon EC2: takes SSH key and user data of the instance, and grows to the size of its volume.
#
#   nexus build examples/aws-ami --variant amazon
#   nexus build examples/aws-ami --variant amazon --system aarch64-linux      for Graviton; needs an aarch64 builder
#
# Then upload the .vhd to S3, and make an AMI of it: aws ec2 import-snapshot, aws ec2 register-image.
{ pkgs, ... }:
{
  services.nginx = {
    enable = true;
    virtualHosts.default = {
      default = true;
      root = pkgs.writeTextDir "index.html" "Made with Nexus Builder\n";
    };
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  # These options exist in this variant only, so they are set for it alone.
  image.modules.amazon = {
    # User data may be a configuration.nix of its own, which the instance would build on its first boot.
    virtualisation.amazon-init.enable = false;
    # In MiB. The snapshot of a smaller image costs less; the volume may be larger.
    virtualisation.diskSize = 3 * 1024;
  };

  system.stateVersion = "26.05";
}
