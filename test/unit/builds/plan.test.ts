import assert from 'node:assert/strict';
import { checkRequest, type Plan, planBuild } from '../../../src/builds/plan.ts';
import { type BuildRequest, parseRequest } from '../../../src/builds/request.ts';
import { NexusError } from '../../../src/errors.ts';

const defaults = { nixpkgs: 'nixos-26.05', system: 'x86_64-linux' };
const source = 'a'.repeat(64);
const image = { kind: 'image', name: 'x', source, configuration: 'configuration.nix', variants: ['iso'] };

function imagesOf(request: unknown): Extract<Plan, { kind: 'images' }> {
  const plan = planBuild(parseRequest(request), defaults);
  assert.equal(plan.kind, 'images');
  return plan as Extract<Plan, { kind: 'images' }>;
}

describe('planBuild', () => {
  it('evaluates an image once, with the nixpkgs and system of the defaults', () => {
    const { evaluate, files } = imagesOf(image);
    assert.deepEqual(evaluate, [
      ...['nix-instantiate', '--eval', '--strict', '--json', '--read-write-mode'],
      ...['-I', 'nixpkgs=https://channels.nixos.org/nixos-26.05/nixexprs.tar.xz', './images.nix'],
    ]);
    assert.match(files['images.nix'] ?? '', /system = "x86_64-linux";/);
    assert.match(files['images.nix'] ?? '', /\(\.\/source \+ "\/configuration\.nix"\)/);
  });

  it('lets a request choose nixpkgs and system', () => {
    const revision = '21a67dc470149f337cecafbe965d8d252a390518';
    const { evaluate, files } = imagesOf({ ...image, nixpkgs: revision, system: 'aarch64-linux' });
    assert.ok(evaluate.includes(`nixpkgs=https://github.com/NixOS/nixpkgs/archive/${revision}.tar.gz`));
    assert.match(files['images.nix'] ?? '', /system = "aarch64-linux";/);
  });

  it('makes an iso bootable by UEFI and from a USB stick, unless the configuration says otherwise', () => {
    const overrides = imagesOf(image).files['overrides.nix'] ?? '';
    assert.match(
      overrides,
      /image\.modules\."iso" = \{\n {4}isoImage\.makeEfiBootable = lib\.mkDefault true;/,
    );
  });

  it('gives size and name to each variant that can take them, and modules to all', () => {
    const request = {
      ...image,
      variants: ['iso', 'qcow-efi'],
      diskSize: 20480,
      imageName: 'mine',
      modules: ['a/b.nix'],
    };
    const overrides = imagesOf(request).files['overrides.nix'] ?? '';
    assert.equal(overrides.match(/virtualisation\.diskSize = lib\.mkForce 20480;/g)?.length, 1);
    assert.equal(overrides.match(/image\.baseName = lib\.mkForce "mine";/g)?.length, 2);
    assert.match(overrides, /imports = \[ \(\.\/source \+ "\/a\/b\.nix"\) \];/);
  });

  it('extends a configuration of a flake, which brings its own nixpkgs', () => {
    const { evaluate, files } = imagesOf({
      kind: 'flake-image',
      name: 'x',
      source,
      host: 'server',
      variants: ['iso'],
    });
    assert.ok(!evaluate.includes('-I'));
    assert.match(
      files['images.nix'] ?? '',
      /builtins\.getFlake \("path:" \+ .*builtins\.path \{ path = \.\/source;/,
    );
    assert.match(files['images.nix'] ?? '', /"server"/);
  });

  it('takes a flake that the builder fetches itself by its reference', () => {
    const { files } = imagesOf({ kind: 'flake-image', name: 'x', flake: 'github:a/b', variants: ['iso'] });
    assert.match(files['images.nix'] ?? '', /builtins\.getFlake "github:a\/b"/);
  });

  it('never lets a name end its Nix string', () => {
    const { files } = imagesOf({ ...image, configuration: 'a"; abort "b ${c} \\.nix' });
    assert.ok(files['images.nix']?.includes('"/a\\"; abort \\"b \\${c} \\\\.nix"'));
  });

  it('plans a Nix file, a flake attribute and a script', () => {
    const nix: BuildRequest = { kind: 'nix', name: 'x', source, file: 'default.nix', attribute: 'a.b' };
    assert.deepEqual(planBuild(nix, { ...defaults, nixpkgs: '/n' }), {
      kind: 'derivations',
      evaluate: ['nix-instantiate', '-I', 'nixpkgs=/n', '-A', 'a.b', './source/default.nix'],
      convert: undefined,
    });
    const flake = planBuild({ kind: 'flake', name: 'x', source, attribute: 'azure' }, defaults);
    assert.ok(flake.kind === 'derivations' && flake.evaluate.at(-1) === 'path:./source#azure');
    const script = planBuild({ kind: 'script', name: 'x', script: 'true' }, defaults);
    assert.deepEqual(script, { kind: 'script', script: 'true' });
  });

  it('refuses what names no nixpkgs', () => {
    assert.throws(() => imagesOf({ ...image, nixpkgs: 'latest' }), { code: 'request-invalid' });
  });
});

describe('checkRequest', () => {
  const cases: [string, object, RegExp | undefined][] = [
    ['an image of the builder’s own system', { variants: ['qemu-efi'] }, undefined],
    ['an iso for another system', { variants: ['iso'], system: 'aarch64-linux' }, undefined],
    [
      'a disk for another system',
      { variants: ['qemu-efi'], system: 'aarch64-linux' },
      /does not work by emulation/,
    ],
    [
      'a variant that system has not',
      { variants: ['virtualbox'], system: 'aarch64-linux' },
      /x86_64-linux only/,
    ],
    ['a system nobody emulates', { variants: ['iso'], system: 'powerpc64le-linux' }, /can build nothing for/],
    ['a size for what has no disk', { variants: ['iso'], diskSize: 4096 }, /no disk whose size/],
    ['a size that nixpkgs decides', { variants: ['kubevirt'], diskSize: 4096 }, /decides the disk size/],
    ['a size for one of two variants', { variants: ['iso', 'raw-efi'], diskSize: 4096 }, undefined],
    ['a conversion of a tarball', { variants: ['lxc'], convert: 'vmdk' }, /cannot be converted to vmdk/],
    ['a conversion of a disk', { variants: ['raw-efi'], convert: 'vmdk' }, undefined],
  ];
  for (const [what, change, refusal] of cases) {
    it(`${refusal ? 'refuses' : 'lets pass'} ${what}`, () => {
      const request = parseRequest({ ...image, ...change });
      const check = () => checkRequest(request, 'x86_64-linux');
      if (!refusal) return check();
      assert.throws(
        check,
        (error: unknown) =>
          error instanceof NexusError && refusal.test(error.message) && error.hint !== undefined,
      );
    });
  }
});
