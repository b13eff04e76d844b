import assert from 'node:assert/strict';
import { kvmProbe } from '../../../src/boot/kvm-probe.ts';

describe('kvmProbe', () => {
  it('runs a boot sector on a PC', () => {
    const { program, args, provenStatus, code } = kvmProbe('x86_64');
    assert.equal(program, 'qemu-system-x86_64');
    assert.deepEqual(args.slice(0, 4), ['-accel', 'kvm', '-cpu', 'host']);
    assert.ok(args.includes('file=/probe.img,format=raw,if=ide'));
    assert.equal(provenStatus, 33);
    assert.deepEqual([code.length, code.readUInt16BE(510)], [512, 0x55aa]);
  });

  it('runs a kernel of four instructions on arm64, on the machine that the guest will have', () => {
    const { program, args, provenStatus, code } = kvmProbe('aarch64');
    assert.equal(program, 'qemu-system-aarch64');
    assert.deepEqual(args.slice(0, 4), ['-accel', 'kvm', '-cpu', 'host']);
    assert.ok(args.includes('virt,gic-version=max'));
    assert.deepEqual(args.slice(-2), ['-kernel', '/probe.img']);
    assert.equal(provenStatus, 0);
    assert.equal(code.toString('hex'), '000180520080b072020000d400000014');
  });
});
