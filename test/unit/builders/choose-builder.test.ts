import assert from 'node:assert/strict';
import type { Builder } from '../../../src/builders/builder.ts';
import { type BuilderChoice, chooseBuilder } from '../../../src/builders/choose-builder.ts';
import { fails } from '../../fixtures/fails.ts';

const choice = (kind: Builder['kind'], problem?: string): BuilderChoice => ({
  kind,
  check: async () => {
    if (problem) throw new Error(problem);
  },
  make: async () => ({
    kind,
    prepare: () => assert.fail('it must not be prepared yet'),
    start: () => assert.fail('it must not be started yet'),
  }),
});

describe('chooseBuilder', () => {
  const [vm, here] = [choice('docker-vm'), choice('this-machine')];
  const [noVm, notHere] = [choice('docker-vm', 'no Engine'), choice('this-machine', 'no Nix')];

  it('takes with auto the first that can work', async () => {
    assert.equal((await chooseBuilder('auto', [vm, here])).kind, 'docker-vm');
    assert.equal((await chooseBuilder('auto', [noVm, here])).kind, 'this-machine');
  });

  it('takes the one that is named, whether it can work or not: its start tells what is missing', async () => {
    assert.equal((await chooseBuilder('this-machine', [vm, here])).kind, 'this-machine');
    assert.equal((await chooseBuilder('docker-vm', [noVm, here])).kind, 'docker-vm');
  });

  it('says of each what is missing, and of both how to get it', async () => {
    const error = await fails(chooseBuilder('auto', [noVm, notHere]), 'no-builder');
    assert.match(error.message, /docker-vm: no Engine\n.*this-machine: no Nix/);
    assert.match(error.hint ?? '', /Docker.*Nix/);
  });

  it('ends with the reason of its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(chooseBuilder('auto', [noVm, notHere], signal), /enough/);
  });
});
