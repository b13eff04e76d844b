{
  networking.hostName = "server";
  users.users.root.openssh.authorizedKeys.keys = [
    # Your own key in place of this one.
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"
  ];
  services.openssh.enable = true;
  system.stateVersion = "26.05";
}
