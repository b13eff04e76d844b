import { resolve } from 'node:path';

/** What the person has said of terminals, by the variables that all programs heed. */
export function terminalSettings(env: NodeJS.ProcessEnv = process.env): { noColour: boolean; dumb: boolean } {
  return { noColour: (env.NO_COLOR ?? '') !== '', dumb: env.TERM === 'dumb' };
}

export interface ClientSettings {
  data: string;
  url: string | undefined;
  token: string | undefined;
}

const ofClients = ['NEXUS_DATA', 'NEXUS_URL', 'NEXUS_TOKEN'];

/**
 * The settings of a command that only asks the orchestrator, read without everything that judges settings, which
 * takes longer to load than the command runs. Nothing when there are others too: then they are to be judged.
 */
export function clientSettings(
  env: NodeJS.ProcessEnv = process.env,
  directory = process.cwd(),
): ClientSettings | undefined {
  const given = Object.keys(env).filter((key) => key.startsWith('NEXUS_') && env[key] !== '');
  if (given.some((key) => !ofClients.includes(key))) return undefined;
  return {
    data: resolve(directory, env.NEXUS_DATA || 'data'),
    url: env.NEXUS_URL || undefined,
    token: env.NEXUS_TOKEN || undefined,
  };
}
