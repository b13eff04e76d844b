import type { Command } from 'commander';
import { readConfig } from '../config.ts';
import type { CheckedFinding } from '../doctor/finding.ts';
import { type Paint, painter, type Style } from './paint.ts';
import { wantsColours } from './terminal.ts';

const styles = { pass: 'green', warn: 'yellow', fail: 'red' } as const satisfies Record<
  CheckedFinding['verdict'],
  Style
>;

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Say what of this machine is fit for building, what is not, and what to do about it.')
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
It looks at Docker, Nix, KVM (by booting a tiny guest), memory, disks, ports, DNS, the Nix cache and the clock.
It needs neither an orchestrator nor a builder, and changes nothing.

Examples:
  nexus doctor
  nexus doctor --json | jq -r '.findings[] | select(.verdict != "pass") | .id'

Exit status: 0 builds can work, 1 something keeps them from it (fail); a warning is no failure.`,
    )
    .action(async ({ json }: { json?: true }) => {
      const config = readConfig();
      const [{ allChecks }, { examine, worstOf }] = await Promise.all([
        import('../doctor/checks.ts'),
        import('../doctor/examine.ts'),
      ]);
      const paint = painter(wantsColours(process.stdout));
      const findings: CheckedFinding[] = [];
      for await (const finding of examine(allChecks(config))) {
        findings.push(finding);
        if (!json) process.stdout.write(describe(finding, paint));
      }
      const verdict = worstOf(findings);
      process.stdout.write(json ? `${JSON.stringify({ verdict, findings }, null, 2)}\n` : summary(findings));
      process.exitCode = verdict === 'fail' ? 1 : 0;
    });
}

function describe({ verdict, title, what, advice }: CheckedFinding, paint: Paint): string {
  const [first = '', ...rest] = what.split('\n');
  const lines = [`${paint(styles[verdict], verdict.padEnd(4))}  ${paint('bold', title)}: ${first}`, ...rest];
  if (verdict !== 'pass' && advice) lines.push(advice);
  return `${lines.join('\n      ')}\n`;
}

function summary(findings: readonly CheckedFinding[]): string {
  const count = (wanted: CheckedFinding['verdict']) =>
    findings.filter(({ verdict }) => verdict === wanted).length;
  return `\n${count('pass')} pass, ${count('warn')} warn, ${count('fail')} fail\n`;
}
