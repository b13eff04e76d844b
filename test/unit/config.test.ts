import assert from 'node:assert/strict';
import { environmentForPrograms, pinnedNixpkgs, readConfig } from '../../src/config.ts';
import { throws } from '../fixtures/fails.ts';

describe('readConfig', () => {
  it('has a default for everything, with paths in the current folder', () => {
    const config = readConfig({}, '/home/me');
    assert.deepEqual(
      [config.data, config.artifacts, config.artifactsShownAs, config.host, config.port],
      ['/home/me/data', '/home/me/artifacts', '/home/me/artifacts', '127.0.0.1', 7788],
    );
    assert.deepEqual([config.builder, config.nixpkgs, config.token], ['auto', pinnedNixpkgs, undefined]);
  });

  it('takes an empty setting for one that is not set, as Compose passes them', () => {
    const empty = { NEXUS_PORT: '', NEXUS_DATA: '', NEXUS_TOKEN: '', NEXUS_VM_BOOT: '', NEXUS_NO_SUCH: '' };
    assert.deepEqual(readConfig(empty, '/x'), readConfig({}, '/x'));
  });

  it('reads what is set', () => {
    const config = readConfig(
      {
        ...{
          NEXUS_DATA: '/data',
          NEXUS_ARTIFACTS: 'out',
          NEXUS_ARTIFACTS_SHOWN_AS: './out',
          NEXUS_PORT: '0',
        },
        ...{ NEXUS_BUILDER: 'this-machine', NEXUS_TOKEN: '0123456789abcdef', NEXUS_VM_BOOT_TIMEOUT: '1.5' },
        ...{ NEXUS_VM_MEMORY: '8G', NEXUS_VM_CORES: '4', NEXUS_VM_NETWORK: 'nexus_default' },
      },
      '/x',
    );
    assert.deepEqual(
      [config.data, config.artifacts, config.artifactsShownAs, config.port, config.builder, config.token],
      ['/data', '/x/out', './out', 0, 'this-machine', '0123456789abcdef'],
    );
    const { memory, cores, network, bootTimeoutMs } = config.vm;
    assert.deepEqual([memory, cores, network, bootTimeoutMs], ['8G', 4, 'nexus_default', 1500]);
  });

  it('tells all problems at once, and never the token', () => {
    const wrong = {
      ...{ NEXUS_PORT: '70000', NEXUS_BUILDER: 'cloud', NEXUS_VM_MEMORY: 'much', NEXUS_VM_CORES: '0' },
      ...{ NEXUS_URL: 'not a url', NEXUS_TOKEN: 'secret', NEXUS_LOG_LEVEL: 'loud', NEXUS_PROT: '1' },
    };
    const { message, hint } = throws(() => readConfig(wrong), 'config-invalid');
    for (const key of Object.keys(wrong)) assert.ok(message.includes(key), `${key} is not told:\n${message}`);
    assert.match(message, /NEXUS_PROT: no such setting/);
    assert.match(message, /NEXUS_PORT=70000/);
    assert.doesNotMatch(message, /secret/);
    assert.ok(hint);
  });

  const wrong: [key: string, ...values: string[]][] = [
    ['NEXUS_PORT', '-1', '1.5', 'x', ' ', '65536', '0x10', '1e3'],
    ['NEXUS_VM_MEMORY', '4', '0G', '4g', '-4G', '4 G', '4.5G'],
    ['NEXUS_VM_CORES', '0', '-1', '1.5', 'two'],
    ['NEXUS_VM_NAME', '-x', 'a b', 'a/b', '../x'],
    ['NEXUS_VM_KVM', 'yes', 'true'],
    ['NEXUS_LIMIT_TIME', '0', '1.5h', '-1', 'never'],
    ['NEXUS_LIMIT_LOG', '0', '1g', 'much'],
    ['NEXUS_ROOM_BUILDER', 'none', '-1', '5 G'],
    ['NEXUS_ROOM_TIMEOUT', '0', 'none'],
    ['NEXUS_VM_BOOT_TIMEOUT', '0', '-1', 'soon', 'Infinity'],
  ];
  for (const [key, ...values] of wrong) {
    for (const value of values) {
      it(`refuses ${key}=${JSON.stringify(value)}`, () => {
        throws(() => readConfig({ [key]: value }), 'config-invalid', new RegExp(key));
      });
    }
  }

  it('leaves settings of the watcher and of Compose alone', () => {
    readConfig({ NEXUS_BOOTSTRAP: '/x', NEXUS_MODE: 'plain', NEXUS_BUILD_ID: 'x', NEXUS_TEST_X: '1' });
    throws(() => readConfig({ NEXUS_: 'x' }), 'config-invalid');
    readConfig({ PATH: '/bin', nexus_port: 'x' });
  });
});

describe('readConfig for limits', () => {
  it('has generous ones, none for artifacts, and reads what a person writes', () => {
    const { limits } = readConfig({});
    assert.deepEqual(limits, { time: 86_400, silence: 14_400, log: 1024 ** 3, artifact: null });
    const { limits: own, room } = readConfig({
      ...{ NEXUS_LIMIT_TIME: 'none', NEXUS_LIMIT_SILENCE: '30m', NEXUS_LIMIT_ARTIFACT: '10G' },
      ...{ NEXUS_ROOM_BUILDER: '0', NEXUS_ROOM_TIMEOUT: '1h' },
    });
    assert.deepEqual(own, { time: null, silence: 1800, log: 1024 ** 3, artifact: 10 * 1024 ** 3 });
    assert.deepEqual([room.builder, room.timeoutMs], [0, 3_600_000]);
  });
});

describe('readConfig for the VM', () => {
  const vm = (env: NodeJS.ProcessEnv) => readConfig(env, '/here').vm;

  it('leaves the VM’s image to the Engine’s architecture unless one is named', () => {
    assert.equal(vm({}).image, undefined);
    assert.equal(vm({ NEXUS_VM_IMAGE: '' }).image, undefined);
    assert.equal(vm({ NEXUS_VM_IMAGE: 'mine:1' }).image, 'mine:1');
  });

  it('finds a boot medium below its folder, and leaves a URL as it is', () => {
    assert.equal(vm({}).boot, undefined);
    assert.equal(vm({ NEXUS_VM_BOOT: 'a.iso' }).boot, '/here/a.iso');
    assert.equal(vm({ NEXUS_VM_BOOT: 'a.iso', NEXUS_VM_BOOT_FOLDER: '/media' }).boot, '/media/a.iso');
    assert.equal(vm({ NEXUS_VM_BOOT: '/b/a.iso', NEXUS_VM_BOOT_FOLDER: '/media' }).boot, '/b/a.iso');
    const url = 'https://example.org/a.iso';
    assert.equal(vm({ NEXUS_VM_BOOT: url, NEXUS_VM_BOOT_FOLDER: '/media' }).boot, url);
  });

  it('has no settings of the VM unless their folder is named', () => {
    assert.equal(vm({}).settings, undefined);
    assert.equal(vm({ NEXUS_VM_SETTINGS: 'settings' }).settings, '/here/settings');
  });
});

describe('environmentForPrograms', () => {
  it('has everything but our own settings', () => {
    assert.deepEqual(environmentForPrograms({ PATH: '/bin', NEXUS_TOKEN: 'secret', NEXUS_MODE: 'plain' }), {
      PATH: '/bin',
    });
  });
});
