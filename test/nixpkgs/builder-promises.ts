import assert from 'node:assert/strict';

interface FileSystem {
  device: string;
  fsType: string;
  options: string[];
}

interface Unit {
  overrideStrategy: string;
  text: string;
  wantedBy: string[];
}

/** What builder.nix gives. */
export interface BuilderFacts {
  derivation: string;
  file: string;
  failedAssertions: string[];
  warnings: string[];
  sshd: {
    enable: boolean;
    hostKeys: { path: string; type: string }[];
    authorizedKeysFiles: string[];
    AllowUsers: string[];
    KbdInteractiveAuthentication: boolean;
    PasswordAuthentication: boolean;
    PermitRootLogin: string;
    wantedBy: string[];
  };
  passwords: string[];
  tmpfiles: Record<string, Record<string, Record<string, string>>>;
  fileSystems: Record<string, FileSystem>;
  udevRules: Record<'initrd' | 'system', string>;
  initrd: {
    availableKernelModules: string[];
    kernelModules: string[];
    systemd: boolean;
    emergencyAccess: boolean;
    store: { before: string[]; requiredBy: string[]; script: string; programs: string[]; utilLinux: string };
  };
  registersStore: { after: string[]; before: string[] };
  units: Record<string, Unit>;
  unitPackages: string[];
  programs: string[];
  nix: {
    distributedBuilds: boolean;
    extraOptions: string;
    nixPath: string[];
    settings: {
      'experimental-features': string[];
      'extra-platforms': string[];
      'fsync-store-paths': boolean;
      'max-free': number;
      'min-free': number;
      sandbox: boolean;
      'system-features': string[];
      builders: string | null;
    };
  };
  emulatedSystems: string[];
  extraModprobeConfig: string;
  kernelParams: string[];
  loaderTimeout: number;
  iso: { makeBiosBootable: boolean; makeEfiBootable: boolean; makeUsbBootable: boolean };
  clock: boolean;
  git: boolean;
}

const fromStoreDisk = {
  '/nexus_bootstrap': 'bootstrap',
  '/nix/var': 'var',
  '/root/.cache': 'cache',
  '/tmp': 'tmp',
};

/** What the builder VM promises, each as something that can be checked after evaluation. */
export const builderPromises: Record<string, (facts: BuilderFacts, system: string) => void> = {
  'NixOS has nothing against it': ({ failedAssertions, warnings, file }) => {
    assert.deepEqual({ failedAssertions, warnings }, { failedAssertions: [], warnings: [] });
    assert.equal(file, 'iso/nexus-builder.iso');
  },
  'it boots by BIOS where there is one, by UEFI, and is no USB stick': ({ iso, loaderTimeout }, system) => {
    const makeBiosBootable = system === 'x86_64-linux';
    assert.deepEqual(iso, { makeBiosBootable, makeEfiBootable: true, makeUsbBootable: false });
    assert.equal(loaderTimeout, 1);
  },
  'only root logs in, only with a key': ({ sshd, passwords }) => {
    const { AllowUsers, KbdInteractiveAuthentication, PasswordAuthentication, PermitRootLogin } = sshd;
    assert.deepEqual(AllowUsers, ['root']);
    assert.equal(PermitRootLogin, 'prohibit-password');
    assert.deepEqual([KbdInteractiveAuthentication, PasswordAuthentication], [false, false]);
    assert.ok(sshd.enable && sshd.wantedBy.includes('multi-user.target'));
    assert.deepEqual(passwords, []);
  },
  'its keys are credentials': ({ sshd, tmpfiles }) => {
    assert.deepEqual(
      sshd.hostKeys.map(({ path, type }) => ({ path, type })),
      [{ path: '/etc/ssh/ssh_host_ed25519_key', type: 'ed25519' }],
    );
    assert.equal(tmpfiles.nexus?.['/etc/ssh/ssh_host_ed25519_key']?.['f^'], 'tmpfiles.ssh_host_key');
    assert.equal(
      tmpfiles['ssh-root-provision']?.['/root/.ssh/authorized_keys']?.['f^'],
      'ssh.authorized_keys.root',
    );
    assert.ok(sshd.authorizedKeysFiles.includes('%h/.ssh/authorized_keys'));
  },
  'the initrd leaves the credentials to the system': ({ initrd }) => {
    const modules = [...initrd.availableKernelModules, ...initrd.kernelModules];
    assert.deepEqual(
      modules.filter((name) => /^(qemu[_-]fw[_-]cfg|dmi[_-]sysfs)$/.test(name)),
      [],
    );
  },
  'the initrd finds CD-ROM and disk on every bus': ({ initrd }) => {
    const wanted = ['virtio_scsi', 'virtio_blk', 'virtio_pci', 'sr_mod', 'sd_mod', 'nvme', 'uas', 'xhci_pci'];
    const there = [...initrd.availableKernelModules, ...initrd.kernelModules];
    assert.deepEqual(
      [...wanted, 'squashfs', 'overlay', 'iso9660', 'ext4', 'loop'].filter((name) => !there.includes(name)),
      [],
    );
    assert.deepEqual([initrd.systemd, initrd.emergencyAccess], [true, false]);
  },
  'the store disk is prepared before it is mounted': ({ initrd: { store } }) => {
    const mount = 'sysroot-nix-.rw\\x2dstore.mount';
    assert.ok(store.requiredBy.includes(mount) && store.before.includes(mount));
    assert.ok(store.programs.includes(store.utilLinux));
    assert.match(store.script, /mkfs\.ext4 .*-L "\$label"/);
  },
  'the store disk has one name in both stages': ({ udevRules, fileSystems }) => {
    for (const rule of Object.values(udevRules))
      assert.match(rule, /nexus-store.*SYMLINK\+="disk\/nexus-store"/);
    const store = fileSystems['/nix/.rw-store'];
    assert.deepEqual([store?.device, store?.fsType], ['/dev/disk/nexus-store', 'ext4']);
    assert.ok(store?.options.includes('x-initrd.mount') && store.options.includes('x-systemd.growfs'));
  },
  'what must outlive a reboot is on the store disk': ({ fileSystems }) => {
    for (const [mountPoint, folder] of Object.entries(fromStoreDisk)) {
      const { device, options } = fileSystems[mountPoint] ?? {};
      assert.equal(device, `/nix/.rw-store/${folder}`);
      assert.ok(options?.includes('bind'));
    }
    assert.ok(fileSystems['/nix/store']?.options.includes('upperdir=/sysroot/nix/.rw-store/store'));
  },
  'Nix’ database is loaded after its disk is mounted': ({ registersStore }) => {
    assert.ok(registersStore.after.includes('local-fs.target'));
    assert.ok(registersStore.before.includes('sysinit.target'));
  },
  'the watcher’s own units are used, with their programs': ({ units, unitPackages, programs }) => {
    assert.ok(unitPackages.includes('nexus-watcher'));
    for (const [name, { overrideStrategy, text }] of Object.entries(units)) {
      assert.equal(overrideStrategy, 'asDropin', name);
      assert.match(text, /^EnvironmentFile=-\/etc\/nexus\/environment$/m);
      assert.match(text, /PATH=.*-nix-.*-git-.*-jq-.*-systemd-/);
      assert.doesNotMatch(text, /^ExecStart=/m);
    }
    assert.deepEqual(units['nexus-watcher.service']?.wantedBy, ['multi-user.target']);
    const wanted =
      'bash git-minimal gnutar gzip inotify-tools jq nix openssh procps qemu-utils util-linux xz zstd';
    assert.deepEqual(
      wanted.split(' ').filter((program) => !programs.some((name) => name.startsWith(program))),
      [],
    );
  },
  'Nix has flakes, a sandbox, and room made in time': ({ nix: { settings } }) => {
    assert.deepEqual(settings['experimental-features'], ['nix-command', 'flakes']);
    assert.deepEqual([settings.sandbox, settings['fsync-store-paths']], [true, true]);
    assert.ok(settings['min-free'] > 0 && settings['max-free'] > settings['min-free']);
    assert.ok(settings['system-features'].includes('kvm'));
  },
  'Nix takes settings at run time': ({ nix }) => {
    assert.match(nix.extraOptions, /^!include \/etc\/nix\/nexus\.conf$/m);
    assert.equal(nix.distributedBuilds, true);
    assert.equal(nix.settings.builders, null);
  },
  'other architectures are emulated': ({ emulatedSystems, nix }, system) => {
    const others = ['aarch64-linux', 'riscv64-linux', 'x86_64-linux'].filter((other) => other !== system);
    assert.deepEqual(emulatedSystems.toSorted(), others);
    for (const other of others) assert.ok(nix.settings['extra-platforms'].includes(other));
  },
  'VMs in the VM may use KVM': ({ extraModprobeConfig }) => {
    assert.match(extraModprobeConfig, /^options kvm_intel nested=1$/m);
    assert.match(extraModprobeConfig, /^options kvm_amd nested=1$/m);
  },
  'the serial port is its console': ({ kernelParams }, system) => {
    const consoles = kernelParams.filter((parameter) => parameter.startsWith('console='));
    assert.equal(consoles.at(-1), system === 'x86_64-linux' ? 'console=ttyS0,115200n8' : 'console=ttyAMA0');
    assert.ok(kernelParams.includes('boot.panic_on_fail'));
  },
  'it has a clock and git': ({ clock, git }) => assert.deepEqual([clock, git], [true, true]),
};
