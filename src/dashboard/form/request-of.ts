import type { BuildRequest } from '../../builds/request.ts';
import { variants as allVariants, type VariantInfo } from '../../builds/variants.ts';
import { type FormState, mebibytesOf, whatOf } from './form-state.ts';
import { requestOfMore } from './more.ts';

/** The request that a form stands for, once it has been checked. `source` is what was uploaded, if anything was. */
export function requestOf(form: FormState, source: string | undefined): BuildRequest {
  return { ...wantedOf(form, source), ...requestOfMore(form.more) };
}

function wantedOf(form: FormState, source: string | undefined): BuildRequest {
  const name = form.name || form.suggestedName || defaultName(form);
  const what = whatOf(form);
  if (!what) return { kind: 'script', name, script: form.script, ...(source && { source }) };
  const convert = form.convert ? { convert: form.convert as NonNullable<FormConversion> } : {};
  const nixpkgs = form.nixpkgs ? { nixpkgs: form.nixpkgs } : {};
  const flake = form.way === 'flake' ? { flake: form.flake.trim() } : {};
  const image = { name, ...convert, ...imageOptions(form) };
  switch (what.kind) {
    case 'image':
      return { kind: 'image', ...image, ...nixpkgs, source: source ?? '', configuration: what.file };
    case 'flake-image':
      return {
        kind: 'flake-image',
        ...image,
        ...flake,
        ...(source && { source }),
        ...(form.host && { host: form.host }),
      };
    case 'nix': {
      const attribute = form.attribute ? { attribute: form.attribute } : {};
      return {
        kind: 'nix',
        name,
        ...convert,
        ...nixpkgs,
        source: source ?? '',
        file: what.file,
        ...attribute,
      };
    }
    case 'flake':
      return {
        kind: 'flake',
        name,
        ...convert,
        ...flake,
        ...(source && { source }),
        attribute: form.attribute,
      };
  }
}

type FormConversion = Extract<BuildRequest, { kind: 'nix' }>['convert'];

function imageOptions(form: FormState) {
  const { variants, modules, system, imageName } = form;
  const size = Number(form.diskSize) * mebibytesOf[form.diskUnit];
  return {
    variants: [...variants],
    modules: form.way === 'earlier' ? [...modules] : [],
    ...(system && { system }),
    ...(imageName && { imageName }),
    ...(form.diskSize !== '' && takesSize(variants) && { diskSize: size }),
  };
}

/** Whether one of the formats has a disk whose size can be chosen. */
export function takesSize(variants: readonly string[]): boolean {
  return variants.some((name) => infoOf(name)?.disk === 'sized');
}

export function infoOf(name: string): VariantInfo | undefined {
  return Object.hasOwn(allVariants, name) ? allVariants[name as keyof typeof allVariants] : undefined;
}

function defaultName({ way, flake }: FormState): string {
  if (way === 'flake') return nameFrom(flake.replace(/^[a-z0-9+]+:/, '').split(/[?#]/)[0] ?? '');
  return way === 'script' ? 'script' : 'configuration';
}

/** Names become part of folder names. */
export function nameFrom(text: string): string {
  const safe = text.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return safe.slice(0, 63) || 'build';
}
