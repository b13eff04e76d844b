import { Duplex, PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { messageOf, NexusError } from '../../errors.ts';
import { plainText } from '../../terminal-text.ts';
import { abortable, waitAtMost } from '../../transport/signals.ts';
import { demultiplex } from './demultiplex.ts';
import { type LayerNews, PullProgress } from './pull-progress.ts';

const pingMs = 10_000;

/** How often the Engine is asked about a container whose end it shall tell by itself. */
const askAgainMs = 30_000;

/** How soon it is asked again after an answer that says nothing. */
const unansweredMs = 2_000;

export interface FoundContainer {
  container: Container;
  labels: Record<string, string>;
  /** A paused one runs, too. */
  running: boolean;
}

/** The few things we want of a Docker Engine, in our words; the only file that knows dockerode. */
export class Engine {
  readonly #docker: Docker;

  constructor(docker = new Docker()) {
    this.#docker = docker;
  }

  /** @throws {NexusError} `engine-unreachable`. */
  async ping(): Promise<void> {
    try {
      await abortable(this.#docker.ping(), AbortSignal.timeout(pingMs));
    } catch (error) {
      throw new NexusError('engine-unreachable', `No Docker Engine answers: ${engineMessage(error)}`, {
        hint: 'Start Docker, or give this user access to its socket (docker info must work), or set DOCKER_HOST.',
        cause: error,
      });
    }
  }

  /** The architecture of the machine it runs on, in its own words. */
  async architecture(): Promise<string> {
    const { Architecture } = await this.#docker.info();
    return Architecture;
  }

  /** What it is, for people. */
  async describe(): Promise<{ version: string; system: string; architecture: string }> {
    const { ServerVersion, OperatingSystem, Architecture } = await this.#docker.info();
    return { version: ServerVersion, system: OperatingSystem, architecture: Architecture };
  }

  /** The id of the image that has this name now, if one has. */
  async imageId(image: string): Promise<string | undefined> {
    try {
      return (await this.#docker.getImage(image).inspect()).Id;
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /**
   * Pulls an image unless it is here.
   * @throws {NexusError} `image-pull-failed`.
   */
  async ensureImage(
    image: string,
    onProgress: (detail: string) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    if (await this.imageId(image)) return;
    const progress = new PullProgress();
    try {
      const stream = await this.#docker.pull(image, signal ? { abortSignal: signal } : {});
      await new Promise<void>((resolve, reject) => {
        this.#docker.modem.followProgress(
          stream,
          (error) => (error ? reject(error) : resolve()),
          (news: LayerNews) => onProgress(progress.read(news)),
        );
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new NexusError(
        'image-pull-failed',
        `The image ${image} cannot be pulled: ${engineMessage(error)}`,
        {
          hint: 'Check the name and this machine’s access to the registry; NEXUS_VM_IMAGE names another image.',
          cause: error,
        },
      );
    }
  }

  async create(options: Docker.ContainerCreateOptions): Promise<Container> {
    return new Container(await this.#docker.createContainer(options));
  }

  /** Every container with the label, running or not. */
  async withLabel(label: string): Promise<FoundContainer[]> {
    const found = await this.#docker.listContainers({ all: true, filters: { label: [label] } });
    return found.map(({ Id, Labels, State }) => ({
      container: new Container(this.#docker.getContainer(Id)),
      labels: Labels,
      running: State === 'running' || State === 'paused',
    }));
  }
}

export class Container {
  readonly #container: Docker.Container;

  constructor(container: Docker.Container) {
    this.#container = container;
  }

  get id(): string {
    return this.#container.id;
  }

  async start(): Promise<void> {
    await this.#container.start();
  }

  /** Rejects when the Engine does not answer, also when it does not even refuse. */
  inspect(): Promise<Docker.ContainerInspectInfo> {
    return abortable(this.#container.inspect(), AbortSignal.timeout(pingMs));
  }

  /** Unpacks a tar stream inside the container, which need not run. */
  async unpack(archive: Readable, folder = '/'): Promise<void> {
    await this.#container.putArchive(archive, { path: folder });
  }

  /** Packs a path of the container. */
  pack(path: string): Promise<NodeJS.ReadableStream> {
    return this.#container.getArchive({ path });
  }

  /**
   * Waits for its end and gives the exit status, or null when it has been removed. An Engine that is restarted never
   * answers what it was asked before, so it is asked again now and then; one that does not answer says nothing about
   * its containers.
   */
  async wait(signal?: AbortSignal): Promise<number | null> {
    for (;;) {
      const asking = new AbortController();
      const answer = this.#container.wait({ abortSignal: asking.signal }).catch(() => {});
      const answered = await waitAtMost(answer, askAgainMs, signal).finally(() => asking.abort());
      const status = await this.#endedWith();
      if (typeof status !== 'string') return status;
      // It was answered with an error, or with an end that is not one.
      if (answered) await sleep(unansweredMs, undefined, signal ? { signal } : {});
    }
  }

  async #endedWith(): Promise<number | null | 'runs or unknown'> {
    try {
      const { State } = await this.inspect();
      return State.Running ? 'runs or unknown' : State.ExitCode;
    } catch (error) {
      return statusOf(error) === 404 ? null : 'runs or unknown';
    }
  }

  /** Lets a paused one go on; any other is fine. */
  async unpause(): Promise<void> {
    const { State } = await this.inspect();
    if (State.Paused) await this.#container.unpause();
  }

  /** The last lines it has printed, without colours and cursor movements. */
  async logTail(lines: number): Promise<string> {
    const log: Buffer = await this.#container.logs({ stdout: true, stderr: true, tail: lines });
    return plainText(demultiplex(log));
  }

  /** Both outputs, from the start until the container ends. */
  async followLog(onText: (text: string) => void, signal?: AbortSignal): Promise<void> {
    const stream = await this.#container.logs({
      stdout: true,
      stderr: true,
      follow: true,
      ...(signal && { abortSignal: signal }),
    });
    const both = new PassThrough();
    both.on('data', (chunk: Buffer) => onText(plainText(chunk.toString())));
    this.#container.modem.demuxStream(stream, both, both);
    await pipeline(stream, new PassThrough().resume(), { ...(signal && { signal }) });
  }

  /** Runs a program in it and gives the exit status. */
  async run(command: string[]): Promise<number> {
    const exec = await this.#container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await pipeline(stream, new PassThrough().resume());
    return (await exec.inspect()).ExitCode ?? 1;
  }

  /** Starts a program in it and gives its standard input and output; destroying that ends the program’s input. */
  async open(command: string[]): Promise<Duplex> {
    const exec = await this.#container.exec({ Cmd: command, AttachStdin: true, AttachStdout: true });
    const stream = await exec.start({ hijack: true, stdin: true });
    const output = new PassThrough();
    this.#container.modem.demuxStream(stream, output, new PassThrough().resume());
    stream.once('close', () => output.end()).once('end', () => output.end());
    const both = Duplex.from({ readable: output, writable: stream });
    both.once('close', () => stream.destroy());
    return both;
  }

  /** Asks it to end, kills it after `seconds`; an ended one is fine. */
  async stop(seconds: number): Promise<void> {
    await ignoring([304, 404], this.#container.stop({ t: seconds }));
  }

  /** Removes it with its anonymous volumes, running or not; a missing one is fine. */
  async remove(): Promise<void> {
    await ignoring([404, 409], this.#container.remove({ force: true, v: true }));
  }
}

async function ignoring(statuses: readonly number[], action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    if (!statuses.includes(statusOf(error) ?? 0)) throw error;
  }
}

function statusOf(error: unknown): number | undefined {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return undefined;
}

/** What the Engine said, without dockerode's preamble. */
export function engineMessage(error: unknown): string {
  return messageOf(error)
    .replace(/^\(HTTP code \d+\) [\w ]+ - /, '')
    .trim();
}
