import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Build, type BuildState, isFinished } from '../../src/builds/build.ts';
import type { BuildRequest } from '../../src/builds/request.ts';
import { ApiClient } from '../../src/cli/api-client.ts';
import { environmentForPrograms } from '../../src/config.ts';
import { NexusError } from '../../src/errors.ts';
import { type DataPaths, dataPaths } from '../../src/paths.ts';
import { nexusWords } from '../fixtures/compiled.ts';
import { within } from '../fixtures/limits.ts';
import { tempFolder } from '../fixtures/temp-folder.ts';
import { processesWith } from '../fixtures/watcher.ts';

const serve = [...nexusWords, 'serve'];

/** No build of this suite takes longer, whatever is done to it, and nothing else is waited for longer. */
export const endMs = 180_000;

export interface NexusOptions {
  /** Program and arguments that run the orchestrator. */
  program?: readonly string[];
  /** What runs that, with its arguments. */
  wrapper?: readonly string[];
  settings?: NodeJS.ProcessEnv;
  /** Folder of data and artifacts, when it is not one of its own. */
  folder?: string;
  /** The pipe's folder, when it is not the one of this machine. */
  pipe?: string;
}

/** What a build may come to. */
export interface Expected {
  states: readonly BuildState[];
  /** Lines that a success has counted. */
  lines?: number;
}

/** An orchestrator as a process of its own, with data and artifacts that outlive it. */
export class Nexus implements AsyncDisposable {
  readonly folder: string;
  /** Every build that was answered for, and what it shall come to. */
  readonly accepted = new Map<string, Expected>();
  /** Of the API. */
  token = '';
  readonly #options: NexusOptions;
  #child: ChildProcess | undefined;
  #said = '';
  #client: ApiClient | undefined;

  constructor(folder: string, options: NexusOptions) {
    this.folder = folder;
    this.#options = options;
  }

  get data(): string {
    return `${this.folder}/data`;
  }

  get artifacts(): string {
    return `${this.folder}/artifacts`;
  }

  get paths(): DataPaths {
    return dataPaths(this.data);
  }

  /** The folder of the pipe. */
  get pipe(): string {
    return this.#options.pipe ?? this.paths.thisMachine;
  }

  get client(): ApiClient {
    assert.ok(this.#client, 'the orchestrator does not run');
    return this.#client;
  }

  get pid(): number {
    assert.ok(this.#child?.pid, 'the orchestrator does not run');
    return this.#child.pid;
  }

  /** What it has printed lately. */
  get said(): string {
    return this.#said;
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    const child = this.spawn();
    this.#child = child;
    const url = await within('the orchestrator', this.#untilItAnswers(child), endMs);
    this.token = (await readFile(this.paths.token, 'utf8')).trim();
    this.#client = new ApiClient(url, this.token);
  }

  /** Starts the process, which may well not live long. */
  spawn(): ChildProcess {
    const { program = serve, wrapper = [], settings } = this.#options;
    const command = [...wrapper, ...program];
    // It must not outlive a test that is killed.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environmentForPrograms(),
        NIX_CONFIG: 'substitute = false',
        NEXUS_DATA: this.data,
        NEXUS_ARTIFACTS: this.artifacts,
        NEXUS_INBOX: 'none',
        NEXUS_PORT: '0',
        NEXUS_BUILDER: 'this-machine',
        NEXUS_LOG_LEVEL: 'debug',
        ...settings,
      },
    });
    const keep = (chunk: Buffer) => {
      this.#said = (this.#said + chunk).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    return child;
  }

  /** SIGKILL: nothing of it gets a last word. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and the end that it asks for. @returns its exit status. */
  async stop(): Promise<number | null> {
    return this.#end('SIGTERM');
  }

  /** Submits a request; it is accepted when this returns. */
  async submit(request: BuildRequest, expected: Expected): Promise<string> {
    const { id } = await this.client.submit(request);
    this.accepted.set(id, expected);
    return id;
  }

  script(script: string, expected: Expected): Promise<string> {
    return this.submit({ kind: 'script', name: 'faults', script }, expected);
  }

  /** The build once it has ended. */
  async ended(id: string, limitMs = endMs): Promise<Build> {
    return this.untilBuild(id, 'its end', isFinished, limitMs);
  }

  /** The build once it is so; asks again and again, whatever becomes of the orchestrator meanwhile. */
  async untilBuild(id: string, what: string, is: (build: Build) => boolean, limitMs = endMs): Promise<Build> {
    const end = Date.now() + limitMs;
    for (;;) {
      const build = await this.#ask(id);
      if (build && is(build)) return build;
      if (Date.now() > end)
        throw new Error(`Build ${id} is ${JSON.stringify(build)} and not at ${what}.\n${this.#said}`);
      await sleep(30);
    }
  }

  /** Every build on the disk, answered for or not. */
  async stored(): Promise<string[]> {
    return (await readdir(this.paths.builds)).sort();
  }

  /** Ends the process and whatever it may have left running, and leaves its folder to whoever made that. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    for (const pid of await processesWith(`NEXUS_BOOTSTRAP=${this.pipe}`)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill(signal);
    const [status] = await within(
      `the end of the orchestrator after ${signal}:\n${this.#said}`,
      ended,
      endMs,
    );
    return status;
  }

  async #untilItAnswers(child: ChildProcess): Promise<string> {
    for (;;) {
      const text = await readFile(this.paths.server, 'utf8').catch(() => '{}');
      const { url, pid } = JSON.parse(text);
      if (pid === child.pid) return url;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`The orchestrator ended with ${child.signalCode ?? child.exitCode}:
${this.#said}`);
      await sleep(20);
    }
  }

  async #ask(id: string): Promise<Build | undefined> {
    try {
      return await this.client.show(id);
    } catch (error) {
      if (error instanceof NexusError && error.code === 'server-unreachable') return undefined;
      throw error;
    }
  }
}

/** Runs `test` with an orchestrator and a folder of its own; what it has printed stands in the error of a failure. */
export async function withNexus(options: NexusOptions, test: (nexus: Nexus) => Promise<void>): Promise<void> {
  await using folder = await tempFolder();
  await using nexus = new Nexus(options.folder ?? folder.path, options);
  await nexus.start();
  try {
    await test(nexus);
  } catch (cause) {
    throw new Error(
      `${cause instanceof Error ? cause.stack : cause}\nThe orchestrator has printed:\n${nexus.said}`,
      {
        cause,
      },
    );
  }
}
