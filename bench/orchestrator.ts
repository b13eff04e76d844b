import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Build, isFinished } from '../src/builds/build.ts';
import type { BuildRequest } from '../src/builds/request.ts';
import { ApiClient } from '../src/cli/api-client.ts';
import { environmentForPrograms } from '../src/config.ts';
import { dataPaths } from '../src/paths.ts';

/** The program as people run it. */
export const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url));

export interface OrchestratorOptions {
  /** Folder of data and artifacts. */
  folder: string;
  /** Program and arguments, when it is not `nexus serve`. */
  program?: readonly string[];
  settings?: NodeJS.ProcessEnv;
}

/** The orchestrator, compiled, in a process of its own. */
export class Orchestrator implements AsyncDisposable {
  readonly client: ApiClient;
  /** From the start of the process to its first answer. */
  readonly startSeconds: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, client: ApiClient, startSeconds: number) {
    this.#child = child;
    this.client = client;
    this.startSeconds = startSeconds;
  }

  static async start(options: OrchestratorOptions): Promise<Orchestrator> {
    const began = process.hrtime.bigint();
    const child = spawnOrchestrator(options);
    try {
      const paths = dataPaths(join(options.folder, 'data'));
      const url = await untilItListens(child, paths.server);
      const client = new ApiClient(url, (await readFile(paths.token, 'utf8')).trim());
      await client.list(1);
      return new Orchestrator(child, client, Number(process.hrtime.bigint() - began) / 1e9);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Builds something to its end. @throws when it does not succeed. */
  async build(request: BuildRequest): Promise<Build> {
    return this.ended((await this.client.submit(request)).id);
  }

  /** The build once it has succeeded. */
  async ended(id: string): Promise<Build> {
    for await (const { build } of this.client.watch(id)) {
      if (build.state === 'succeeded') return build;
      if (isFinished(build)) throw new Error(`build ${id} ${build.state}: ${build.error?.message}`);
    }
    throw new Error(`the watch stream of ${id} ended before the build`);
  }

  /** Bytes of memory: now, and the most since the start or since `forgetMost`. */
  async memory(): Promise<{ now: number; most: number }> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    const bytes = (name: string) =>
      1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]);
    return { now: bytes('VmRSS'), most: bytes('VmHWM') };
  }

  async forgetMost(): Promise<void> {
    await writeFile(`/proc/${this.#child.pid}/clear_refs`, '5');
  }

  /** Of the processor, so far, all threads together. */
  async cpuSeconds(): Promise<number> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
    // Behind the name, which may have blanks; utime and stime are the 14th and 15th field, in hundredths: proc(5).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}

function spawnOrchestrator({
  folder,
  program = [cli, 'serve'],
  settings,
}: OrchestratorOptions): ChildProcess {
  // It must not outlive us.
  return spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...program], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...environmentForPrograms(),
      ...{ NIX_CONFIG: 'substitute = false', NEXUS_LOG_LEVEL: 'warn', NEXUS_INBOX: 'none', NEXUS_PORT: '0' },
      ...{ NEXUS_BUILDER: 'this-machine', NEXUS_DATA: join(folder, 'data') },
      NEXUS_ARTIFACTS: join(folder, 'artifacts'),
      ...settings,
    },
  });
}

async function untilItListens(child: ChildProcess, serverFile: string): Promise<string> {
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the orchestrator ended');
    const { url, pid } = JSON.parse(await readFile(serverFile, 'utf8').catch(() => '{}'));
    if (pid === child.pid) return url;
    await sleep(5);
  }
}
