import type { Config } from '../config.ts';
import { readConfig } from '../config.ts';
import type { ApiClient } from './api-client.ts';
import { connect } from './connect.ts';

/** What every command may use. */
export interface Context {
  config: Config;
  /** Results, for programs to read. */
  out: NodeJS.WriteStream;
  /** Everything said to a person. */
  err: NodeJS.WriteStream;
  /** Finds or starts the orchestrator. */
  client: () => Promise<ApiClient>;
}

export function makeContext(overrides: Partial<Config> = {}): Context {
  const config = { ...readConfig(), ...overrides };
  const err = process.stderr;
  return {
    config,
    out: process.stdout,
    err,
    client: () => connect(config, (text) => err.write(`${text}\n`)),
  };
}
