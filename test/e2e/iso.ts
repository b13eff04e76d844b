import { join } from 'node:path';
import { execa } from 'execa';
import { fixtures } from './compose-project.ts';

/** The path of a builder ISO that is made here, with the image that boots it. */
export async function iso(kind: 'guest' | 'foreign'): Promise<string> {
  await execa(join(fixtures, 'build.sh'), ['vm-image'], { stderr: 'inherit' });
  const { stdout } = await execa(join(fixtures, 'build.sh'), ['path', kind], { stderr: 'inherit' });
  return stdout.trim();
}

/** Settings for a small emulated VM of this name that needs no network. */
export function vmSettings(name: string): Record<string, string> {
  return {
    NEXUS_PORT: '0',
    NEXUS_BUILDER: 'docker-vm',
    NEXUS_VM_NAME: name,
    NEXUS_VM_STORAGE: name,
    NEXUS_VM_IMAGE: 'nexus-test/qemu:7.48',
    NEXUS_VM_NIXPKGS: '/usr/share/nexus-test/nixpkgs',
    NEXUS_NIXPKGS: '/usr/share/nexus-test/nixpkgs',
    NEXUS_VM_MEMORY: '2G',
    NEXUS_VM_DISK: '8G',
    NEXUS_VM_KVM: 'off',
    NEXUS_VM_BOOT_TIMEOUT: '180',
  };
}
