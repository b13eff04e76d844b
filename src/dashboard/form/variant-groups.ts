import { type Variant, variantNames } from '../../builds/variants.ts';

/** The formats as people look for them; one that nobody has sorted in comes last. */
const groups: readonly [title: string, variants: readonly Variant[]][] = [
  ['Disks to boot from', ['iso', 'iso-installer', 'sd-card', 'raw', 'raw-efi', 'kexec']],
  [
    'Virtual machines',
    ['qemu', 'qemu-efi', 'vm', 'vmware', 'virtualbox', 'vagrant-virtualbox', 'hyperv', 'proxmox', 'kubevirt'],
  ],
  [
    'Clouds',
    [
      'amazon',
      'azure',
      'google-compute',
      'digital-ocean',
      'linode',
      'oci',
      'openstack',
      'openstack-zfs',
      'cloudstack',
    ],
  ],
  ['Containers', ['lxc', 'lxc-metadata', 'proxmox-lxc']],
];

export function variantGroups(): [title: string, variants: readonly Variant[]][] {
  const sorted = new Set(groups.flatMap(([, variants]) => variants));
  const others = variantNames.filter((name) => !sorted.has(name));
  return [...groups, ...(others.length > 0 ? [['Others', others] as [string, Variant[]]] : [])];
}
