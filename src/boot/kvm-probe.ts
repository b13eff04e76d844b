import type { Architecture } from './guest.ts';

/** A program so small that it can only end QEMU, and how to run it. */
export interface KvmProbe {
  /** The QEMU of the VM image. */
  program: string;
  args: string[];
  /** Exit status of QEMU when the guest has run. */
  provenStatus: number;
  /** What the guest runs; QEMU finds it at `probeFile`. */
  code: Buffer;
}

const probeFile = '/probe.img';

const common = ['-nodefaults', '-display', 'none', '-no-reboot', '-m', '64'];

/**
 * A boot sector that writes 0x10 to QEMU's isa-debug-exit port, whereupon QEMU ends with status 0x10 << 1 | 1:
 *   mov dx, 0xf4; mov al, 0x10; out dx, al; hlt
 */
function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  Buffer.from([0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/**
 * PSCI’s SYSTEM_OFF by hypervisor call, whereupon QEMU ends with status 0, as it does for nothing else by itself:
 *   movz w0, #0x0008; movk w0, #0x8400, lsl #16; hvc #0; b .
 */
function systemOff(): Buffer {
  const code = Buffer.alloc(16);
  for (const [index, word] of [0x52800100, 0x72b08000, 0xd4000002, 0x14000000].entries()) {
    code.writeUInt32LE(word, index * 4);
  }
  return code;
}

/** The probe for an architecture. Without KVM (`accelerator` tcg) the same guest runs on any machine. */
export function kvmProbe(
  architecture: Architecture,
  accelerator: 'kvm' | 'tcg' = 'kvm',
  file = probeFile,
): KvmProbe {
  const cpu = ['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'];
  switch (architecture) {
    case 'x86_64':
      return {
        program: 'qemu-system-x86_64',
        args: [
          ...[...cpu, ...common, '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
          ...['-drive', `file=${file},format=raw,if=ide`],
        ],
        provenStatus: 33,
        code: bootSector(),
      };
    case 'aarch64':
      return {
        program: 'qemu-system-aarch64',
        // The machine that qemux/qemu-arm boots the guest on.
        args: [...cpu, ...common, '-machine', 'virt,gic-version=max', '-kernel', file],
        provenStatus: 0,
        code: systemOff(),
      };
  }
}
