import type { ContainerCreateOptions } from 'dockerode';
import type { VmConfig } from '../../config.ts';
import type { Machine } from './architecture.ts';

/** Every container we make carries it, with the id of this installation as its value; sweeping goes by it. */
export const ownerLabel = 'io.nexus-builder.installation';

/** Only the VM carries it: what it was made from, see judge-vm.ts. */
export const traitsLabel = 'io.nexus-builder.vm';

/** Folder of the container that holds the credentials of the guest. */
export const credentialsFolder = 'run/nexus';

/** qemux waits this long for the guest to power down, and Docker has to wait a little longer. */
const powerdownSeconds = 60;
export const stopSeconds = powerdownSeconds + 15;

/** systemd credentials of the guest, by name (28 characters at most: QEMU's fw_cfg names have 55). */
export const credentialFiles = {
  'ssh.authorized_keys.root': 'authorized_keys',
  'tmpfiles.ssh_host_key': 'ssh_host_ed25519_key',
  'tmpfiles.extra': 'tmpfiles.conf',
} as const;

/**
 * Lines of tmpfiles.d(5) that write the keys into files, for guests that have no such lines themselves: the stock
 * NixOS ISO has the first two from 25.05 on. They say exactly what the guest’s own lines say, and what is said twice
 * alike is done twice, which for `f` means once.
 */
export const credentialRules = `d- /root :0700 root :root -
d- /root/.ssh :0700 root :root -
f^ /root/.ssh/authorized_keys :0600 root :root - ssh.authorized_keys.root
f^ /etc/ssh/ssh_host_ed25519_key 0600 root root - tmpfiles.ssh_host_key
`;

/** Where the container keeps what it downloads: a disk of a file that was booted earlier must not go before it. */
const downloads = '/storage/downloads';

export interface VmContainerOptions {
  machine: Machine;
  /** Id of this installation. */
  owner: string;
  kvm: boolean;
  /** Pass /dev/net/tun; without it the container falls back to user-mode networking. */
  tun: boolean;
  /** An image that the container shall download and boot, instead of a file put into it. */
  bootUrl?: string | undefined;
  /** What it is made from, for whoever finds it. */
  traits?: string | undefined;
}

/** The VM container, by the contract of qemux/qemu (docs/internals.md says what each setting does there). */
export function vmContainer(vm: VmConfig, options: VmContainerOptions): ContainerCreateOptions {
  const { machine, owner, kvm, tun, traits } = options;
  return {
    name: vm.name,
    Hostname: vm.name,
    Image: machine.image,
    Labels: { [ownerLabel]: owner, ...(traits && { [traitsLabel]: traits }), ...composeLabels(vm) },
    StopTimeout: stopSeconds,
    Env: Object.entries(environment(vm, options)).map(([key, value]) => `${key}=${value}`),
    ExposedPorts: { '22/tcp': {} },
    HostConfig: {
      NetworkMode: vm.network ?? 'bridge',
      CapAdd: ['NET_ADMIN'],
      Devices: [...(tun ? [device('/dev/net/tun')] : []), ...(kvm ? [device('/dev/kvm')] : [])],
      PortBindings: {
        '22/tcp': [{ HostIp: '127.0.0.1', HostPort: vm.sshPort === 0 ? '' : String(vm.sshPort) }],
      },
      Mounts: [{ Type: 'volume', Source: vm.storage, Target: '/storage', ReadOnly: false }],
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
  };
}

function environment(vm: VmConfig, { kvm, bootUrl }: VmContainerOptions): Record<string, string> {
  return {
    KVM: kvm ? 'Y' : 'N',
    // Nested virtualisation, for image formats whose build boots a VM itself.
    ...(kvm && { VMX: 'Y' }),
    // Without a boot file the container must fail, not download its default system.
    BOOT: bootUrl ?? 'none',
    ...(bootUrl && { STORAGE: downloads }),
    BOOT_MODE: 'uefi',
    // The one address with which NAT, passt and slirp networking all reach the guest.
    IP: '10.0.2.15',
    WEB: 'N',
    DISPLAY: 'none',
    TIMEOUT: String(powerdownSeconds),
    RAM_SIZE: vm.memory,
    CPU_CORES: String(vm.cores),
    DISK_SIZE: vm.disk,
    DISK_OPTIONS: 'serial=nexus-store',
    ARGUMENTS: Object.entries(credentialFiles)
      .map(
        ([name, file]) =>
          `-fw_cfg name=opt/io.systemd.credentials/${name},file=/${credentialsFolder}/${file}`,
      )
      .join(' '),
  };
}

/** With these `docker compose ps` and `logs` list the VM; all five are needed. */
function composeLabels({ composeProject }: VmConfig): Record<string, string> {
  if (!composeProject) return {};
  return {
    'com.docker.compose.project': composeProject,
    'com.docker.compose.service': 'vm',
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.container-number': '1',
    'com.docker.compose.config-hash': 'made-by-the-orchestrator',
  };
}

function device(path: string) {
  return { PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' };
}
