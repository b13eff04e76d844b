# A machine to try things in, as `nix-build '<nixpkgs/nixos>' -A vm` makes it: its store is that of the machine it
# runs on, so it is built within seconds, and its disk is made when it first starts.
#
#   nexus build examples/vm --variant vm
{ pkgs, ... }:
{
  networking.hostName = "trial";

  # Log in as “trial” with the password “trial”.
  users.users.trial = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    initialPassword = "trial";
  };
  environment.systemPackages = [ pkgs.htop ];

  # Only for the machine that runs as such a VM, never for an image.
  virtualisation.vmVariant.virtualisation = {
    memorySize = 1024; # MiB
    cores = 2;
    diskSize = 4096; # MiB
    # Console in the terminal instead of a window.
    graphics = false;
    forwardPorts = [
      {
        from = "host";
        host.port = 8080;
        guest.port = 80;
      }
    ];
  };

  services.nginx = {
    enable = true;
    virtualHosts.localhost.locations."/".return = "200 'NEXUS-VM\\n'";
  };
  networking.firewall.allowedTCPPorts = [ 80 ];

  system.stateVersion = "26.05";
}
