import { NexusError } from '../errors.ts';
import type { RunOptions, Transport } from './transport.ts';

/**
 * Runs a program that is expected to succeed and returns its standard output.
 * @throws {NexusError} `command-failed` with the end of its standard error.
 */
export async function runChecked(
  transport: Transport,
  command: readonly [string, ...string[]],
  options?: RunOptions,
): Promise<string> {
  const { stdout, stderr, status } = await transport.run(command, options);
  if (status === 0) return stdout;
  const said = stderr.trim().slice(-2000) || 'it said nothing';
  throw new NexusError(
    'command-failed',
    `${command[0]} failed on the builder with status ${status}: ${said}`,
  );
}
