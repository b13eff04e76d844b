# Access by one key, which comes with the boot: no password, nothing to trust on first use, nothing secret in the ISO.
#
# PID 1 reads the credentials from QEMU's fw_cfg (or SMBIOS), and systemd-tmpfiles-setup.service, before sysinit.target,
# writes them into files. The initrd must stay without the kernel modules qemu_fw_cfg and dmi_sysfs: with one of them it
# would import that half of the credentials only, and the system after it no more.
{ ... }:
{
  services.openssh = {
    enable = true;
    # NixOS' sshd module writes the credential `ssh.authorized_keys.root` to /root/.ssh/authorized_keys.
    hostKeys = [
      {
        type = "ed25519";
        path = "/etc/ssh/ssh_host_ed25519_key";
      }
    ];
    settings = {
      AllowUsers = [ "root" ];
      PermitRootLogin = "prohibit-password";
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      X11Forwarding = false;
      # One connection follows the events and the log of every build.
      MaxSessions = 100;
    };
  };

  # `f^` takes the text from a credential and leaves a file that is there alone. sshd-keygen.service runs later, and
  # makes a key only when none came. QEMU allows 28 characters for the name.
  systemd.tmpfiles.settings.nexus."/etc/ssh/ssh_host_ed25519_key"."f^" = {
    user = "root";
    group = "root";
    mode = "0600";
    argument = "tmpfiles.ssh_host_key";
  };

  users.mutableUsers = false;
  # NixOS cannot know that a key will come.
  users.allowNoPasswordLogin = true;
}
