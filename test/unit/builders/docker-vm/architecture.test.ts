import assert from 'node:assert/strict';
import { machineOf } from '../../../../src/builders/docker-vm/architecture.ts';
import { throws } from '../../../fixtures/fails.ts';

describe('machineOf', () => {
  for (const [engineName, architecture, image] of [
    ['x86_64', 'x86_64', 'qemux/qemu:7.48'],
    ['amd64', 'x86_64', 'qemux/qemu:7.48'],
    ['aarch64', 'aarch64', 'qemux/qemu-arm:7.48'],
    ['arm64', 'aarch64', 'qemux/qemu-arm:7.48'],
  ] as const) {
    it(`takes ${image} where the Engine says ${engineName}`, () => {
      assert.deepEqual(machineOf({ image: undefined }, engineName), { architecture, image });
    });
  }

  it('leaves the image to the user who names one', () => {
    assert.equal(machineOf({ image: 'mine' }, 'aarch64').image, 'mine');
    assert.equal(machineOf({ image: 'mine' }, 'x86_64').image, 'mine');
  });

  it('refuses what no VM image runs on', () => {
    for (const name of ['riscv64', 's390x', 'toString', '']) {
      const { hint } = throws(
        () => machineOf({ image: undefined }, name),
        'no-builder',
        /There is no builder VM/,
      );
      assert.match(String(hint), /this-machine/);
    }
  });
});
