import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { makeDataFolder } from '../data-folder.ts';
import { isLocked } from '../data-lock.ts';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import { type DataPaths, dataPaths } from '../paths.ts';
import { readToken } from '../token.ts';
import { ApiClient } from './api-client.ts';

const serverFile = z.object({ url: z.string(), pid: z.number() });

const startMs = 60_000;
const probeMs = 100;

/** An orchestrator started by a command ends by itself after this long without work. */
const idleExitSeconds = 900;

/** Finds the orchestrator: the one NEXUS_URL names, the one of this data folder, or one started now in the background. */
export async function connect(config: Config, say: (text: string) => void): Promise<ApiClient> {
  return (await connectToRunning(config)) ?? startInBackground(config, dataPaths(config.data), say);
}

/** The orchestrator that NEXUS_URL names, or that runs for this data folder; starts none. */
export async function connectToRunning(config: Config): Promise<ApiClient | undefined> {
  const paths = dataPaths(config.data);
  if (config.url) return new ApiClient(config.url, await tokenFor(config, paths));
  return findRunning(config, paths);
}

/** The orchestrator of this data folder, when one answers. */
export async function findRunning(config: Config, paths: DataPaths): Promise<ApiClient | undefined> {
  const server = await readServer(paths.server);
  if (!server || !(await isHealthy(server.url))) return undefined;
  return new ApiClient(server.url, await tokenFor(config, paths));
}

/** Where the orchestrator of a data folder answers; nothing when none runs, or it left without a word. */
export async function readServer(path: string): Promise<z.infer<typeof serverFile> | undefined> {
  try {
    const server = serverFile.parse(JSON.parse(await readFile(path, 'utf8')));
    process.kill(server.pid, 0);
    return server;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ESRCH') return undefined;
    throw new NexusError(
      'server-unreachable',
      `${path} does not say where the orchestrator is: ${messageOf(error)}`,
      {
        hint: 'Delete the file, or set NEXUS_URL.',
        cause: error,
      },
    );
  }
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(5000) })).ok;
  } catch {
    return false;
  }
}

async function tokenFor(config: Config, paths: DataPaths): Promise<string> {
  const token = config.token ?? (await readToken(paths.token));
  if (token) return token;
  throw new NexusError(
    'unauthorized',
    `There is no token for the orchestrator: ${paths.token} does not exist`,
    {
      hint: 'Set NEXUS_TOKEN; `nexus token` prints it where the orchestrator runs.',
    },
  );
}

async function startInBackground(
  config: Config,
  paths: DataPaths,
  say: (text: string) => void,
): Promise<ApiClient> {
  await makeDataFolder(paths.root);
  const log = await open(paths.serverLog, 'a', 0o600);
  const program = [...process.execArgv, process.argv[1] ?? '', 'serve'];
  const child = spawn(
    process.execPath,
    [...program, '--port', '0', '--builder', config.builder, '--idle-exit', String(idleExitSeconds)],
    {
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    },
  );
  child.unref();
  await log.close();
  const until = Date.now() + startMs;
  // When ours has ended and somebody else has the data folder, another command was quicker to start one.
  while (Date.now() < until && (child.exitCode === null || (await isLocked(paths.lock)))) {
    await sleep(probeMs);
    const found = await findRunning(config, paths);
    if (!found) continue;
    if ((await readServer(paths.server))?.pid === child.pid) {
      say(
        `Started an orchestrator in the background (process ${child.pid}); it ends when it has been idle for ${idleExitSeconds / 60} minutes.`,
      );
    } else {
      // One that comes too late must not wait for its turn.
      child.kill();
    }
    return found;
  }
  const said = (await readFile(paths.serverLog, 'utf8')).trim().split('\n').slice(-10).join('\n');
  throw new NexusError('server-unreachable', `The orchestrator did not start:\n${said}`, {
    hint: `Its log is ${paths.serverLog}`,
  });
}
