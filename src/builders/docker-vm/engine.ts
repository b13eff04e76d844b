import { Duplex, PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import Docker from 'dockerode';
import { messageOf, NexusError } from '../../errors.ts';
import { abortable } from '../../transport/signals.ts';

const pingMs = 10_000;

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

  async hasImage(image: string): Promise<boolean> {
    try {
      await this.#docker.getImage(image).inspect();
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
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
    if (await this.hasImage(image)) return;
    const layers = new Map<string, PullProgress>();
    try {
      const stream = await this.#docker.pull(image, signal ? { abortSignal: signal } : {});
      await new Promise<void>((resolve, reject) => {
        this.#docker.modem.followProgress(
          stream,
          (error) => (error ? reject(error) : resolve()),
          (news: PullProgress) => {
            if (news.id) layers.set(news.id, news);
            onProgress(describePull(layers));
          },
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
  async withLabel(label: string): Promise<Container[]> {
    const found = await this.#docker.listContainers({ all: true, filters: { label: [label] } });
    return found.map(({ Id }) => new Container(this.#docker.getContainer(Id)));
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

  inspect(): Promise<Docker.ContainerInspectInfo> {
    return this.#container.inspect();
  }

  /** Unpacks a tar stream inside the container, which need not run. */
  async unpack(archive: Readable, folder = '/'): Promise<void> {
    await this.#container.putArchive(archive, { path: folder });
  }

  /** Packs a path of the container. */
  pack(path: string): Promise<NodeJS.ReadableStream> {
    return this.#container.getArchive({ path });
  }

  /** Waits for its end and gives the exit status. */
  async wait(): Promise<number> {
    const { StatusCode } = await this.#container.wait();
    return StatusCode;
  }

  /** The last lines it has printed, without colours and cursor movements. */
  async logTail(lines: number): Promise<string> {
    const log: Buffer = await this.#container.logs({ stdout: true, stderr: true, tail: lines });
    return stripVTControlCharacters(demultiplex(log)).replaceAll('\r', '');
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
    both.on('data', (chunk: Buffer) => onText(stripVTControlCharacters(chunk.toString())));
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

interface PullProgress {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
}

function describePull(layers: Map<string, PullProgress>): string {
  let [current, total] = [0, 0];
  for (const { progressDetail, status } of layers.values()) {
    if (status !== 'Downloading') continue;
    current += progressDetail?.current ?? 0;
    total += progressDetail?.total ?? 0;
  }
  const done = [...layers.values()].filter(({ status }) => status === 'Pull complete').length;
  const layersDone = `${done} of ${layers.size} layers`;
  return total > 0 ? `${layersDone}, ${megabytes(current)} of ${megabytes(total)} MB` : layersDone;
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6);

/** Frames of Docker's attach protocol: 8 bytes of header (stream, 0, 0, 0, length as uint32 BE), then the text. */
function demultiplex(log: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    parts.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
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
