import type { BuildRequest } from '../builds/request.ts';
import { moreFacts } from './form/more.ts';
import { formatMebibytes } from './format.ts';

/** What a request asks for, in a few words each. */
export function summaryOf(request: BuildRequest): string[] {
  switch (request.kind) {
    case 'image':
    case 'flake-image':
      return [
        ...request.variants,
        ...(request.system ? [request.system] : []),
        ...(request.diskSize ? [formatMebibytes(request.diskSize)] : []),
      ];
    case 'nix':
      return ['nix file', ...(request.attribute ? [request.attribute] : [])];
    case 'flake':
      return ['flake', request.attribute];
    case 'script':
      return ['script'];
  }
}

/** Every part of a request that a person has chosen, with its name. */
export function requestFacts(request: BuildRequest): [term: string, value: string][] {
  const facts: [string, string | undefined][] = [
    ['Kind', kinds[request.kind]],
    ['Formats', 'variants' in request ? request.variants.join(', ') : undefined],
    ['System', 'system' in request ? request.system : undefined],
    ['Disk', 'diskSize' in request && request.diskSize ? formatMebibytes(request.diskSize) : undefined],
    ['Image name', 'imageName' in request ? request.imageName : undefined],
    ['Configuration', 'configuration' in request ? request.configuration : undefined],
    ['File', 'file' in request ? request.file : undefined],
    ['Flake', 'flake' in request ? request.flake : undefined],
    ['Host', 'host' in request ? request.host : undefined],
    ['Attribute', 'attribute' in request ? request.attribute : undefined],
    ['Modules', 'modules' in request && request.modules.length > 0 ? request.modules.join(', ') : undefined],
    ['nixpkgs', 'nixpkgs' in request ? request.nixpkgs : undefined],
    ['Converted to', 'convert' in request ? request.convert : undefined],
    ['Source', request.source?.slice(0, 12)],
  ];
  const said = facts.flatMap(([term, value]): [string, string][] =>
    value === undefined ? [] : [[term, value]],
  );
  return [...said, ...moreFacts(request)];
}

const kinds: Record<BuildRequest['kind'], string> = {
  image: 'Image of a configuration',
  'flake-image': 'Image of a flake',
  nix: 'Nix file',
  flake: 'Attribute of a flake',
  script: 'Script',
};
