import type { BuildRequest } from '../../builds/request.ts';
import type { SourceFile } from '../source/tar.ts';
import { emptyMore, type More, moreOf } from './more.ts';
import { choicesOf, type What } from './what.ts';

/** Where the source comes from. */
export type Way = 'files' | 'paste' | 'flake' | 'script' | 'earlier';

export type Unit = 'MiB' | 'GiB' | 'TiB';
export const mebibytesOf: Record<Unit, number> = { MiB: 1, GiB: 1024, TiB: 1024 * 1024 };

/** All that the form has been told; what the chosen way has no use for is kept, and left out of the request. */
export interface FormState {
  way: Way;
  files: readonly SourceFile[];
  pasted: string;
  flake: string;
  script: string;
  /** An uploaded source, when it is that of an earlier build. */
  source: string | undefined;
  what: What | undefined;
  name: string;
  /** The name when none is given. */
  suggestedName: string;
  variants: readonly string[];
  system: string;
  diskSize: string;
  diskUnit: Unit;
  imageName: string;
  nixpkgs: string;
  host: string;
  attribute: string;
  convert: string;
  modules: readonly string[];
  more: More;
}

export const starter = `{ pkgs, ... }:
{
  networking.hostName = "hello";
  users.users.root.initialPassword = "change me";
  environment.systemPackages = [ pkgs.htop ];
  services.openssh.enable = true;
  system.stateVersion = "26.05";
}
`;

export const emptyForm: FormState = {
  way: 'files',
  files: [],
  pasted: '',
  flake: '',
  script: '',
  source: undefined,
  what: undefined,
  name: '',
  suggestedName: '',
  variants: ['iso'],
  system: '',
  diskSize: '',
  diskUnit: 'GiB',
  imageName: '',
  nixpkgs: '',
  host: '',
  attribute: '',
  convert: '',
  modules: [],
  more: emptyMore,
};

/** The form after files have come; what they can become is chosen anew. */
export function withFiles(form: FormState, files: readonly SourceFile[], suggestedName: string): FormState {
  return { ...form, files, suggestedName, what: choicesOf(files.map(({ path }) => path))[0] };
}

/** What the form builds: a pasted configuration, and what is no source, leave no choice. */
export function whatOf(form: FormState): What | undefined {
  if (form.way === 'paste') return { kind: 'image', file: 'configuration.nix' };
  if (form.way === 'script') return undefined;
  if (form.way === 'flake' && form.what?.kind !== 'flake') return { kind: 'flake-image' };
  return form.what;
}

/** The form as it must have been for this request. */
export function formOf(request: BuildRequest): FormState {
  const given: Partial<FormState> = {
    name: request.name,
    source: request.source,
    way: 'earlier',
    more: moreOf(request),
    ...('variants' in request && { variants: request.variants, modules: request.modules }),
    ...('system' in request && request.system && { system: request.system }),
    ...('imageName' in request && request.imageName && { imageName: request.imageName }),
    ...('nixpkgs' in request && request.nixpkgs && { nixpkgs: request.nixpkgs }),
    ...('host' in request && request.host && { host: request.host }),
    ...('attribute' in request && request.attribute && { attribute: request.attribute }),
    ...('convert' in request && request.convert && { convert: request.convert }),
    ...('diskSize' in request && request.diskSize && sizeOf(request.diskSize)),
  };
  switch (request.kind) {
    case 'image':
      return { ...emptyForm, ...given, what: { kind: 'image', file: request.configuration } };
    case 'nix':
      return { ...emptyForm, ...given, what: { kind: 'nix', file: request.file } };
    case 'script':
      return { ...emptyForm, ...given, way: 'script', script: request.script };
    case 'flake':
    case 'flake-image': {
      const flake = request.flake ? ({ way: 'flake', flake: request.flake } as const) : {};
      return { ...emptyForm, ...given, ...flake, what: { kind: request.kind } };
    }
  }
}

function sizeOf(mebibytes: number): Pick<FormState, 'diskSize' | 'diskUnit'> {
  const unit = (['TiB', 'GiB'] as const).find((unit) => mebibytes % mebibytesOf[unit] === 0) ?? 'MiB';
  return { diskSize: String(mebibytes / mebibytesOf[unit]), diskUnit: unit };
}
