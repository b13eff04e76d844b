import { execa } from 'execa';

/** What the end-to-end tests need, each with the command that shows it and how to get it. */
const requirements = [
  { what: 'a Docker Engine', command: ['docker', 'version'] },
  { what: 'Compose v2', command: ['docker', 'compose', 'version'] },
  { what: 'QEMU', command: ['qemu-system-x86_64', '--version'] },
  { what: 'mmdebstrap', command: ['mmdebstrap', '--version'] },
  { what: 'xorriso', command: ['xorriso', '--version'] },
] as const;

/** What is missing here, in words; empty when the end-to-end tests can run. */
export async function missingRequirements(): Promise<string[]> {
  const missing: string[] = [];
  for (const { what, command } of requirements) {
    const { failed } = await execa(command[0], command.slice(1), { reject: false });
    if (failed) missing.push(what);
  }
  return missing;
}

/** Skips the suite where it cannot run, and says so; with NEXUS_TEST_E2E=required it fails instead. */
export async function requireEndToEnd(context: Mocha.Context): Promise<void> {
  const missing = await missingRequirements();
  if (missing.length === 0) return;
  const message = `end-to-end tests left out: this machine has no ${missing.join(', no ')}`;
  if (process.env.NEXUS_TEST_E2E === 'required') throw new Error(message);
  console.log(`    ${message}\n    to get it on Debian, as root: test/fixtures/build.sh engine`);
  context.skip();
}
