/** What people meet again and again, by the words of Nix, nixpkgs or the kernel, and what to do about it. */
const causes: readonly { sign: RegExp; advice: string }[] = [
  {
    sign: /No space left on device|disk full|ENOSPC/i,
    advice:
      'A disk is full. If it is the builder’s, give it more with NEXUS_VM_DISK; if it is the image’s, with --disk-size.',
  },
  {
    sign: /cptofs|does not fit|image too small/i,
    advice: 'The system does not fit into the image; make it larger with --disk-size.',
  },
  {
    sign: /Cannot allocate memory|out of memory|oom-kill|signal 9|Killed$/im,
    advice: 'Most likely the builder ran out of memory; give it more with NEXUS_VM_MEMORY.',
  },
  {
    sign: /Could(n.t| not) resolve host|Temporary failure in name resolution|unable to download/i,
    advice: 'The builder cannot reach the network; check its DNS and proxy.',
  },
  {
    sign: /hash mismatch/i,
    advice: 'What was downloaded is not what the expression expects; it has probably changed upstream.',
  },
  {
    sign: /required features? .*kvm|features \{.*kvm/i,
    advice: 'This image boots a VM while it is built, and this builder offers no KVM to Nix.',
  },
  {
    sign: /fileSystems\."?\/"?.*conflicting definition|option .fileSystems\..* has conflicting/i,
    advice:
      'The variant brings its own file systems. Leave out the hardware-configuration.nix: an image needs no fileSystems and no boot loader options.',
  },
  {
    sign: /defined multiple times while it.s expected to be unique[\s\S]*boot|system\.build\.installBootLoader/i,
    advice: 'The variant brings its own boot loader. Leave the boot.loader options out of the configuration.',
  },
  {
    sign: /image\.modules. does not exist|older than NixOS 25\.05/,
    advice: 'Images need NixOS 25.05 or newer; choose one with --nixpkgs, or update the flake’s lock.',
  },
  {
    sign: /path .* does not exist/i,
    advice:
      'A file that is imported was not sent along. Build the folder, not the file, when it imports others.',
  },
  {
    sign: /a '(\S+)' with features .* is required to build|is required to build '.*', but I am a/,
    advice: 'The builder cannot run programs of that system; see --system, or use a remote builder of it.',
  },
];

/** What to do about a failure that is well known; nothing when it is not. */
export function knownCause(log: string): string | undefined {
  return causes.find(({ sign }) => sign.test(log))?.advice;
}
