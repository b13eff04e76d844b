import assert from 'node:assert/strict';
import { credentialFiles, vmContainer } from '../../../../src/builders/docker-vm/vm-container.ts';
import { readConfig } from '../../../../src/config.ts';

const { vm } = readConfig({});
const machine = { architecture: 'aarch64', image: 'some/image' } as const;

function environmentOf(options: { bootUrl?: string; kvm?: boolean } = {}): Record<string, string> {
  const { Env } = vmContainer(vm, { machine, owner: 'me', kvm: false, tun: true, ...options });
  return Object.fromEntries((Env ?? []).map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]));
}

describe('vmContainer', () => {
  it('runs the image of the machine', () => {
    assert.equal(vmContainer(vm, { machine, owner: 'me', kvm: false, tun: true }).Image, 'some/image');
  });

  it('boots the file that is put into it, and nothing when there is none', () => {
    const { BOOT, BOOT_MODE, STORAGE } = environmentOf();
    assert.deepEqual({ BOOT, BOOT_MODE, STORAGE }, { BOOT: 'none', BOOT_MODE: 'uefi', STORAGE: undefined });
  });

  it('keeps what it downloads apart from the disk of a file that was booted earlier, which would go before it', () => {
    const { BOOT, STORAGE } = environmentOf({ bootUrl: 'https://example.org/nixos.iso' });
    assert.deepEqual(
      { BOOT, STORAGE },
      { BOOT: 'https://example.org/nixos.iso', STORAGE: '/storage/downloads' },
    );
  });

  it('gives the guest files as credentials, with names that QEMU bears', () => {
    const given = environmentOf().ARGUMENTS?.match(
      /-fw_cfg name=opt\/io\.systemd\.credentials\/\S+,file=\/run\/nexus\/\S+/g,
    );
    assert.equal(given?.length, Object.keys(credentialFiles).length);
    for (const name of Object.keys(credentialFiles)) assert.ok(name.length <= 28);
  });

  it('passes devices that are there only', () => {
    const devices = (kvm: boolean, tun: boolean) => {
      const { HostConfig } = vmContainer(vm, { machine, owner: 'me', kvm, tun });
      return HostConfig?.Devices?.map((device: { PathOnHost: string }) => device.PathOnHost);
    };
    assert.deepEqual(devices(false, false), []);
    assert.deepEqual(devices(true, true), ['/dev/net/tun', '/dev/kvm']);
  });
});
