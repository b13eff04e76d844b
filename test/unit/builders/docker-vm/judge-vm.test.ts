import assert from 'node:assert/strict';
import { judgeVm, traitsOf, type WantedVm } from '../../../../src/builders/docker-vm/judge-vm.ts';
import { type Config, readConfig } from '../../../../src/config.ts';

const { vm } = readConfig({});

const keys = (name: string): WantedVm['keys'] => ({
  client: { privateKey: 'secret', publicKey: `ssh-ed25519 client-${name}` },
  host: { privateKey: 'secret', publicKey: 'ssh-ed25519 host' },
});

const wanted: WantedVm = {
  vm,
  machine: { architecture: 'x86_64', image: 'some/image' },
  owner: 'me',
  keys: keys('ours'),
  boot: 'boot.iso of 7 bytes',
  bootUrl: undefined,
  imageId: 'sha256:1',
};

const label = (more: Partial<WantedVm> = {}, kvm = false) =>
  JSON.stringify(traitsOf({ ...wanted, ...more, kvm, tun: true }));

const judge = (now: Partial<WantedVm>, traits: string | undefined = label()) =>
  judgeVm({ traits, imageId: 'sha256:1' }, { ...wanted, ...now });

const changed = (more: Partial<Config['vm']>): Partial<WantedVm> => ({ vm: { ...vm, ...more } });

describe('judgeVm', () => {
  it('finds a VM fit that would be made the same way now', () => {
    assert.deepEqual(judge({}), { fit: true });
    assert.deepEqual(judge({ imageId: undefined }), { fit: true }, 'the image may have been removed');
  });

  it('leaves it what was possible on the day it was made', () => {
    assert.deepEqual(judge({}, label({}, true)), { fit: true });
  });

  const unfit: [what: string, now: Partial<WantedVm>, why: RegExp][] = [
    ['another image', { machine: { architecture: 'x86_64', image: 'other' } }, /^its image was some\/image/],
    ['a newer image', { imageId: 'sha256:2' }, /^there is a newer some\/image$/],
    ['another boot medium', { boot: 'boot.iso of 8 bytes' }, /^its boot medium was boot\.iso of 7 bytes/],
    ['more memory', changed({ memory: '9G' }), /^NEXUS_VM_MEMORY was 4G and is 9G now$/],
    ['more cores', changed({ cores: 9 }), /^NEXUS_VM_CORES was 2 and is 9 now$/],
    ['a larger disk', changed({ disk: '99G' }), /^NEXUS_VM_DISK/],
    ['other keys', { keys: keys('other') }, /^it has other keys$/],
    ['another port', changed({ sshPort: 2222 }), /made in another way/],
    ['another volume', changed({ storage: 'other' }), /made in another way/],
    ['KVM by all means', changed({ kvm: 'on' }), /^NEXUS_VM_KVM is on now$/],
  ];
  for (const [what, now, why] of unfit) {
    it(`finds it unfit for ${what}`, () => {
      const verdict = judge(now);
      assert.ok(!verdict.fit);
      assert.match(verdict.why, why);
    });
  }

  for (const traits of [undefined, '', '{}', '[', '{"image":7}']) {
    it(`finds one unfit that says ${traits} of itself`, () => {
      const verdict = judgeVm({ traits, imageId: 'sha256:1' }, wanted);
      assert.deepEqual(verdict, { fit: false, why: 'it does not say what it was made from' });
    });
  }

  it('writes no secret on the container', () => {
    assert.doesNotMatch(label(), /secret/);
  });
});
