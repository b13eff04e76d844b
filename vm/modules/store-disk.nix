# What outlives a reboot: a disk with the serial number `nexus-store`, a cache for exactly one ISO.
#
#   /nix/store         overlay: the ISO's squashfs below, the disk above (iso-image.nix makes it)
#   /nix/var           Nix' database and the roots that protect results which were not fetched yet
#   /nexus_bootstrap   the pipe and its builds; on the same disk as /nix/var, since those roots are links into it
#   /root/.cache       downloaded flakes and tarballs
#   /tmp               too big for the root file system, which is memory
#
# A Nix database and an upper layer that outlive their lower layer are corrupt. So the label of the disk says of which
# ISO it is, and another ISO, like a blank disk, makes it anew.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  # virtio-blk and virtio-scsi name the same disk differently: a link of our own is right for both.
  disk = "/dev/disk/nexus-store";
  udevRule = ''
    SUBSYSTEM=="block", ENV{DEVTYPE}=="disk", ENV{ID_SERIAL}=="nexus-store|*_nexus-store", SYMLINK+="disk/nexus-store"
  '';

  mountPoint = "/nix/.rw-store";
  mountUnit = "${utils.escapeSystemdPath "/sysroot${mountPoint}"}.mount";

  fromDisk = folder: {
    device = "${mountPoint}/${folder}";
    fsType = "none";
    options = [ "bind" ];
  };
in
{
  # Both stages mount by this name, so udev has to know it in both.
  boot.initrd.services.udev.rules = udevRule;
  services.udev.extraRules = udevRule;

  boot.initrd.systemd.enable = true;
  boot.initrd.systemd.services.nexus-store = {
    description = "Prepare the store disk";
    requiredBy = [ mountUnit ];
    before = [
      mountUnit
      "shutdown.target"
    ];
    conflicts = [ "shutdown.target" ];
    unitConfig = {
      DefaultDependencies = false;
      # Nothing works without the disk: the VM must end, and the last thing on its console is why.
      FailureAction = "poweroff-force";
    };
    serviceConfig = {
      Type = "oneshot";
      RemainAfterExit = true;
    };
    path = [
      pkgs.e2fsprogs
      # The one of the initrd: another would collide with it in the initrd's environment of programs.
      config.boot.initrd.systemd.package.util-linux
    ];
    script = ''
      say() { echo "<3>nexus-store: $*" > /dev/kmsg; }

      # systemd's own limit for a device is 90 s, and it would not say what is missing.
      if ! /bin/udevadm wait --timeout=60 ${disk}; then
        say "there is no disk with the serial number nexus-store"
        exit 1
      fi

      # An ext4 label has 16 bytes: half of the hash of this system's store path.
      label=
      for word in $(< /proc/cmdline); do
        case $word in
          init=/nix/store/*) label=''${word#init=/nix/store/} label=''${label:0:16} ;;
        esac
      done
      if [ -z "$label" ]; then
        say "the kernel command line names no system"
        exit 1
      fi

      found=$(blkid --probe --match-tag LABEL --output value ${disk} || true)
      if [ "$found" = "$label" ]; then
        # An exit status of 4 or more: damage that cannot be repaired without losing something. A store of which files
        # are missing would go unnoticed, so it is better to begin anew.
        status=0
        e2fsck -p ${disk} || status=$?
        if [ "$status" -lt 4 ]; then exit 0; fi
        say "the file system of the store disk is damaged"
      fi
      say "formatting the store disk: its label is '$found', and this ISO is $label"
      mkfs.ext4 -q -F -m 0 -L "$label" ${disk}
    '';
  };

  fileSystems = {
    # In place of the memory file system of iso-image.nix.
    ${mountPoint} = lib.mkForce {
      device = disk;
      fsType = "ext4";
      options = [
        "noatime"
        "lazytime"
        # What garbage collection frees is given back to the host.
        "discard"
      ];
      neededForBoot = true;
      # nexus-store.service has checked it, and knows what to do with a broken one.
      noCheck = true;
      # The disk may have grown since.
      autoResize = true;
    };
    "/nix/var" = fromDisk "var";
    "/nexus_bootstrap" = fromDisk "bootstrap";
    "/root/.cache" = fromDisk "cache";
    "/tmp" = fromDisk "tmp";
  };
  boot.tmp.cleanOnBoot = true;

  boot.initrd.systemd.tmpfiles.settings.nexus = {
    "/sysroot${mountPoint}/var".d.mode = "0755";
    "/sysroot${mountPoint}/bootstrap".d.mode = "0700";
    "/sysroot${mountPoint}/cache".d.mode = "0700";
    "/sysroot${mountPoint}/tmp".d.mode = "1777";
    # Or the mount below it would make it, readable for everybody.
    "/sysroot/root".d.mode = "0700";
  };
}
