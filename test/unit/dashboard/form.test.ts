import assert from 'node:assert/strict';
import { type BuildRequest, conversions, parseRequest } from '../../../src/builds/request.ts';
import { variantNames } from '../../../src/builds/variants.ts';
import { checkForm } from '../../../src/dashboard/form/check-form.ts';
import { conversions as offered } from '../../../src/dashboard/form/conversions.ts';
import { emptyForm, type FormState, formOf, withFiles } from '../../../src/dashboard/form/form-state.ts';
import { emptyMore, type More, moreFacts } from '../../../src/dashboard/form/more.ts';
import { nameFrom, requestOf } from '../../../src/dashboard/form/request-of.ts';
import { variantGroups } from '../../../src/dashboard/form/variant-groups.ts';
import { choicesOf, keyOf } from '../../../src/dashboard/form/what.ts';

const source = '0'.repeat(64);
const form = (changes: Partial<FormState>): FormState => ({ ...emptyForm, ...changes });
const pasted = (changes: Partial<FormState> = {}) => form({ way: 'paste', pasted: '{ }', ...changes });
const script = (more: Partial<More>) =>
  form({ way: 'script', script: 'true', more: { ...emptyMore, ...more } });
const limits = (changes: Partial<More['limits']>) => script({ limits: { ...emptyMore.limits, ...changes } });
const files = (...paths: string[]) =>
  withFiles(
    emptyForm,
    paths.map((path) => ({ path, content: new Blob(['{ }']) })),
    'host',
  );

describe('The form of a build', () => {
  describe('offers to make of a source', () => {
    const cases: [paths: string[], keys: string[]][] = [
      [['configuration.nix'], ['image configuration.nix']],
      [['README.md'], []],
      [
        ['flake.nix', 'flake.lock'],
        ['flake-image', 'flake'],
      ],
      [['default.nix'], ['nix default.nix']],
      [
        ['a.nix', 'configuration.nix'],
        ['image configuration.nix', 'image a.nix', 'nix a.nix'],
      ],
      [
        ['sub/configuration.nix', 'default.nix'],
        ['image sub/configuration.nix', 'nix default.nix'],
      ],
    ];
    for (const [paths, keys] of cases) {
      it(`${paths.join(' and ')}: ${keys.join(', ') || 'nothing'}`, () =>
        assert.deepEqual(choicesOf(paths).map(keyOf), keys));
    }
  });

  describe('finds out before anything is sent that', () => {
    const cases: [what: string, form: FormState, field: string][] = [
      ['there are no files', emptyForm, 'source'],
      ['there is no Nix file', files('README.md'), 'source'],
      ['nothing was pasted', pasted({ pasted: ' \n' }), 'pasted'],
      ['no format is chosen', pasted({ variants: [] }), 'variants'],
      [
        'a format does not exist for the system',
        pasted({ variants: ['qemu'], system: 'aarch64-linux' }),
        'system',
      ],
      ['the size is no number', pasted({ variants: ['qemu-efi'], diskSize: '2.5' }), 'diskSize'],
      [
        'the size is too small',
        pasted({ variants: ['qemu-efi'], diskSize: '63', diskUnit: 'MiB' }),
        'diskSize',
      ],
      [
        'the size is too large',
        pasted({ variants: ['qemu-efi'], diskSize: '17', diskUnit: 'TiB' }),
        'diskSize',
      ],
      ['the name is none', pasted({ name: '../x' }), 'name'],
      ['the file name is none', pasted({ imageName: 'a b' }), 'imageName'],
      ['the flake address is none', form({ way: 'flake', flake: 'owner/repository' }), 'flake'],
      [
        'the attribute is missing',
        form({ way: 'flake', flake: 'github:a/b', what: { kind: 'flake' } }),
        'attribute',
      ],
      ['the script is empty', form({ way: 'script' }), 'script'],
    ];
    for (const [what, wrong, field] of cases) {
      it(what, () => assert.deepEqual(Object.keys(checkForm(wrong)), [field]));
    }

    const more: [what: string, form: FormState, field: string][] = [
      ['a limit is no number', limits({ time: { number: 'long', unit: 'hours' } }), 'limit-time'],
      ['a limit is nothing', limits({ silence: { number: '0', unit: 'minutes' } }), 'limit-silence'],
      ['a limit is beyond counting', limits({ log: { number: '1000000', unit: 'TiB' } }), 'limit-log'],
      ['the priority is too high', script({ priority: '11' }), 'priority'],
      ['the pattern is none', script({ checksBoot: true, bootPattern: '(' }), 'bootPattern'],
      ['the pattern is too long', script({ checksBoot: true, bootPattern: 'x'.repeat(201) }), 'bootPattern'],
      [
        'a boot has too little time',
        script({ checksBoot: true, bootLimit: { number: '9', unit: 'seconds' } }),
        'bootLimit',
      ],
      [
        'a boot has too much time',
        script({ checksBoot: true, bootLimit: { number: '2', unit: 'days' } }),
        'bootLimit',
      ],
    ];
    for (const [what, wrong, field] of more) {
      it(`${what}, which the orchestrator would say as well`, () => {
        assert.deepEqual(Object.keys(checkForm(wrong)), [field]);
        assert.throws(() => parseRequest(requestOf(wrong, undefined)), { code: 'request-invalid' });
      });
    }

    it('nothing is wrong with a pattern for a check that is not wanted', () => {
      assert.deepEqual(checkForm(script({ bootPattern: '(' })), {});
    });

    it('nothing is wrong with a size that no chosen format takes', () => {
      assert.deepEqual(checkForm(pasted({ variants: ['iso'], diskSize: 'much' })), {});
    });
  });

  describe('makes a request that the orchestrator takes', () => {
    const cases: [what: string, form: FormState][] = [
      [
        'of a pasted configuration',
        pasted({ variants: ['iso', 'qemu-efi'], diskSize: '20', convert: 'vmdk' }),
      ],
      ['of files', files('configuration.nix')],
      ['of a flake in files', { ...files('flake.nix'), host: 'server' }],
      ['of a default.nix', { ...files('default.nix'), attribute: 'image', nixpkgs: 'nixos-unstable' }],
      ['of a flake address', form({ way: 'flake', flake: 'github:a/b' })],
      [
        'of an attribute',
        form({ way: 'flake', flake: 'github:a/b', what: { kind: 'flake' }, attribute: 'image' }),
      ],
      ['of a script', form({ way: 'script', script: 'true' })],
      [
        'with limits of its own',
        limits({ time: { number: '90', unit: 'minutes' }, artifact: { number: '', unit: 'none' } }),
      ],
      [
        'with a priority and a boot check',
        script({
          priority: '-10',
          checksBoot: true,
          bootPattern: 'ready-\\d+',
          bootLimit: { number: '3', unit: 'minutes' },
        }),
      ],
      ['with the longest limit there is', limits({ log: { number: '999999999999999', unit: 'bytes' } })],
    ];
    for (const [what, given] of cases) {
      it(what, () => {
        assert.deepEqual(checkForm(given), {});
        const hasSource = given.way === 'files' || given.way === 'paste';
        const request = requestOf(given, hasSource ? source : undefined);
        assert.deepEqual(parseRequest(request), request);
      });
    }
  });

  describe('begins with what an earlier build was', () => {
    const base = { name: 'host', variants: ['qemu-efi'], modules: ['a.nix'], source };
    const requests: BuildRequest[] = [
      {
        kind: 'image',
        ...base,
        configuration: 'sub/host.nix',
        diskSize: 20480,
        system: 'aarch64-linux',
        nixpkgs: 'nixos-unstable',
      },
      {
        kind: 'image',
        ...base,
        configuration: 'configuration.nix',
        diskSize: 1000,
        imageName: 'disk',
        convert: 'vdi',
      },
      { kind: 'flake-image', ...base, host: 'server' },
      { kind: 'nix', name: 'x', source, file: 'default.nix', attribute: 'image' },
      { kind: 'flake', name: 'x', flake: 'github:a/b', attribute: 'image' },
      { kind: 'flake', name: 'x', source, attribute: 'image' },
      { kind: 'script', name: 'x', script: 'true', source, priority: 3, limits: { time: 60, log: null } },
      {
        kind: 'script',
        name: 'x',
        script: 'true',
        priority: 0,
        limits: { silence: 5400, artifact: 1500 },
        bootCheck: { pattern: ' up$', limit: 7200 },
      },
      { kind: 'script', name: 'x', script: 'true', bootCheck: {} },
    ];
    for (const request of requests) {
      it(`of kind ${request.kind}: ${JSON.stringify(request).length} characters come back as they were`, () =>
        assert.deepEqual(requestOf(formOf(request), request.source), request));
    }
  });

  it('says limits, priority and boot check as people do', () => {
    assert.deepEqual(
      moreFacts({
        limits: { time: 5400, silence: null, artifact: 10 * 1024 ** 3 },
        priority: -3,
        bootCheck: { pattern: 'ready', limit: 3600 },
      }),
      [
        ['Time limit', '90 minutes'],
        ['Silence limit', 'no limit'],
        ['Artifacts limit', '10 GiB'],
        ['Priority', '-3'],
        ['Boot check', 'until it prints ready, at most 1 hour'],
      ],
    );
  });

  it('knows every format and every conversion there is', () => {
    assert.deepEqual(
      variantGroups()
        .flatMap(([, names]) => names)
        .sort(),
      [...variantNames].sort(),
    );
    assert.ok(!variantGroups().some(([title]) => title === 'Others'), 'a format is in no group');
    assert.deepEqual(offered, conversions);
  });

  it('makes names of anything', () => {
    assert.deepEqual(['my host', '.hidden', '…', 'x'.repeat(80)].map(nameFrom), [
      'my-host',
      'hidden',
      'build',
      'x'.repeat(63),
    ]);
  });
});
