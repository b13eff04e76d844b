import type { Command } from 'commander';
import { aliases, variantInfo, variantNames } from '../builds/variants.ts';
import { formatTable } from './format.ts';

export function variantsCommand(program: Command): void {
  program
    .command('variants')
    .description('List the image formats: what each makes, and what it needs.')
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Examples:
  nexus variants
  nexus build . --variant qemu-efi --disk-size 20G`,
    )
    .action(({ json }: { json?: true }) => {
      const infos = variantNames.map((name) => ({ name, ...variantInfo(name), aliases: aliasesOf(name) }));
      process.stdout.write(json ? `${JSON.stringify(infos, null, 2)}\n` : `${describe()}\n`);
    });
}

function describe(): string {
  const rows = variantNames.map((name) => {
    const { makes, extension, bootsVm, disk, systems } = variantInfo(name);
    const speed = bootsVm ? 'needs KVM to be quick' : '';
    return [
      name,
      makes,
      `.${extension}`,
      disk === 'sized' ? '--disk-size' : '',
      systems?.join(' ') ?? 'any',
      speed,
    ];
  });
  const old = Object.entries(aliases).map(([alias, variant]) => `${alias} = ${variant}`);
  return `${formatTable([['VARIANT', 'MAKES', 'FILE', 'SIZE', 'SYSTEMS', 'BUILD'], ...rows])}

Names of nixos-generators that mean one of these: ${old.join(', ')}.`;
}

function aliasesOf(name: string): string[] {
  return Object.entries(aliases)
    .filter(([, variant]) => variant === name)
    .map(([alias]) => alias);
}
