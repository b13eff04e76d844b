import assert from 'node:assert/strict';
import { parseRequest } from '../../../src/builds/request.ts';
import { throws } from '../../fixtures/fails.ts';

const source = '0'.repeat(64);
const image = { kind: 'image', name: 'x', source, configuration: 'configuration.nix', variants: ['iso'] };
const nix = { kind: 'nix', name: 'x', source, file: 'default.nix' };
const flake = { kind: 'flake', name: 'x', flake: 'github:a/b', attribute: 'image' };
const flakeImage = { kind: 'flake-image', name: 'x', source, variants: ['iso'] };
const script = { kind: 'script', name: 'x', script: 'true' };

describe('parseRequest', () => {
  it('takes what is right as it is', () => {
    assert.deepEqual(parseRequest(script), script);
    assert.deepEqual(parseRequest(nix), nix);
    assert.deepEqual(parseRequest(flake), flake);
    assert.deepEqual(parseRequest(image), { ...image, modules: [] });
    assert.deepEqual(parseRequest({ ...script, source }), { ...script, source });
  });

  it('stores old names of variants by their new ones', () => {
    const request = parseRequest({ ...image, variants: ['qcow', 'do'] });
    assert.deepEqual('variants' in request && request.variants, ['qemu', 'digital-ocean']);
  });

  const wrong: [what: string, request: unknown, message: RegExp][] = [
    ['nothing', undefined, /./],
    ['a list', [], /./],
    ['no kind', { name: 'x' }, /kind/],
    ['an unknown kind', { ...script, kind: 'x' }, /kind/],
    ['an unknown field', { ...script, extra: 1 }, /extra/],
    ['a name that begins with a dot', { ...script, name: '.x' }, /name/],
    ['a name with a slash', { ...script, name: 'a/b' }, /name/],
    ['a name of two lines', { ...script, name: 'a\nb' }, /name/],
    ['an empty name', { ...script, name: '' }, /name/],
    ['an empty script', { ...script, script: '' }, /script/],
    ['a script of more than a megabyte', { ...script, script: 'x'.repeat(1024 * 1024 + 1) }, /script/],
    ['a source that is no id', { ...nix, source: '../x' }, /source/],
    ['an absolute path', { ...nix, file: '/etc/passwd' }, /file/],
    ['a path that goes up', { ...nix, file: '../x' }, /file/],
    ['a path that goes down and up', { ...nix, file: 'a/../../x' }, /file/],
    ['a path with NUL', { ...nix, file: 'a\0b' }, /file/],
    ['an empty path', { ...nix, file: '' }, /file/],
    ['a configuration that goes up', { ...image, configuration: '..' }, /configuration/],
    ['a module that goes up', { ...image, modules: ['a', '../x'] }, /modules/],
    ['an attribute that is a flag', { ...nix, attribute: '--option' }, /attribute/],
    ['an attribute of two lines', { ...nix, attribute: 'a\nb' }, /attribute/],
    ['no variant at all', { ...image, variants: [] }, /variants/],
    ['a system with a blank', { ...image, system: 'x86 linux' }, /system/],
    ['a disk of a few bytes', { ...image, diskSize: 1 }, /diskSize/],
    ['a disk of half a megabyte', { ...image, diskSize: 100.5 }, /diskSize/],
    ['a nixpkgs that is none', { ...nix, nixpkgs: 'somewhere' }, /names no nixpkgs/],
    ['a flake that is a flag', { ...flake, flake: '--impure' }, /flake/],
    ['a flake with a blank', { ...flake, flake: 'github:a/b --impure' }, /flake/],
    ['a flake with a fragment', { ...flake, flake: 'github:a/b#c' }, /flake/],
    ['neither flake nor source', { ...flakeImage, source: undefined }, /neither/],
  ];
  for (const [what, request, message] of wrong) {
    it(`refuses ${what}`, () => void throws(() => parseRequest(request), 'request-invalid', message));
  }

  it('tells everything that is wrong at once', () => {
    const { message } = throws(
      () => parseRequest({ ...nix, name: '', file: '..', extra: 1 }),
      'request-invalid',
    );
    for (const field of ['name', 'file', 'extra']) assert.ok(message.includes(field), message);
  });

  it('refuses an unknown variant with the nearest', () => {
    const error = throws(() => parseRequest({ ...image, variants: ['iso', 'qemu-uefi'] }), 'unknown-variant');
    assert.match(error.hint ?? '', /qemu-efi/);
    for (const name of ['constructor', 'toString', '__proto__', '']) {
      throws(() => parseRequest({ ...image, variants: [name] }), 'unknown-variant');
    }
  });
});
