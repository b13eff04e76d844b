import type { Duplex, Readable } from 'node:stream';
import type { z } from 'zod';
import { type Build, buildSchema } from '../builds/build.ts';
import type { BuildRequest } from '../builds/request.ts';
import type { StopMode } from '../config.ts';
import { messageOf, NexusError, systemCodeOf } from '../errors.ts';
import {
  type BuilderStatusReply,
  type BuildView,
  builderStatus,
  buildList,
  buildView,
  errorReply,
  foundSource,
  loginCode,
  pinReply,
  sourceReply,
  stopReply,
  type WatchLine,
  watchLine,
} from '../http/schemas.ts';
import { type GcReport, gcReport } from '../retention/gc-report.ts';

export interface Call {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: string | Readable;
  type?: string;
  signal?: AbortSignal | undefined;
}

export interface LogOptions {
  /** Go on until the build has ended. */
  follow: boolean;
  format?: 'text' | 'raw' | undefined;
  signal?: AbortSignal | undefined;
}

export interface UploadOptions {
  fingerprint?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** The HTTP API as the CLI uses it. Every call rejects with the server's own error, or `server-unreachable`. */
export class ApiClient {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url.replace(/\/$/, '');
    this.#token = token;
  }

  /** Sends a source; the fingerprint is what it can be found by again. */
  async uploadSource(tar: Readable, { fingerprint, signal }: UploadOptions = {}): Promise<string> {
    const call = { method: 'POST', body: tar, type: 'application/x-tar', signal } as const;
    const query = fingerprint ? `?fingerprint=${fingerprint}` : '';
    return (await this.json(`/sources${query}`, sourceReply, call)).id;
  }

  /** The source that was sent with this fingerprint, if it is still there. */
  async findSource(fingerprint: string): Promise<string | undefined> {
    return (await this.json(`/sources?fingerprint=${fingerprint}`, foundSource)).id ?? undefined;
  }

  submit(request: BuildRequest): Promise<Build> {
    return this.json('/builds', buildSchema, {
      method: 'POST',
      body: JSON.stringify(request),
      type: 'application/json',
    });
  }

  /** Builds, newest first; with `limit` only the newest so many. */
  async list(limit = Number.POSITIVE_INFINITY): Promise<Build[]> {
    const builds: Build[] = [];
    for (let before: string | null = ''; before !== null && builds.length < limit; ) {
      const page: z.infer<typeof buildList> = await this.json(
        `/builds?limit=${Math.min(limit - builds.length, 1000)}${before && `&before=${before}`}`,
        buildList,
      );
      builds.push(...page.builds);
      before = page.next;
    }
    return builds;
  }

  show(id: string): Promise<BuildView> {
    return this.json(`/builds/${encodeURIComponent(id)}`, buildView);
  }

  cancel(id: string): Promise<Build> {
    return this.json(`/builds/${encodeURIComponent(id)}/cancel`, buildSchema, { method: 'POST' });
  }

  /** A code that logs a browser in. */
  async loginCode(): Promise<string> {
    return (await this.json('/login-codes', loginCode, { method: 'POST' })).code;
  }

  pin(id: string, pinned: boolean): Promise<unknown> {
    const path = `/builds/${encodeURIComponent(id)}/${pinned ? 'pin' : 'unpin'}`;
    return this.json(path, pinReply, { method: 'POST' });
  }

  remove(id: string, artifacts: boolean): Promise<GcReport> {
    const path = `/builds/${encodeURIComponent(id)}?artifacts=${artifacts}`;
    return this.json(path, gcReport, { method: 'DELETE' });
  }

  gc(dryRun: boolean): Promise<GcReport> {
    const call = { method: 'POST', body: JSON.stringify({ dryRun }), type: 'application/json' } as const;
    return this.json('/gc', gcReport, call);
  }

  /** A WebSocket of the API as a stream. */
  async socket(path: string): Promise<Duplex> {
    // Loaded by the one command that needs it.
    const { WebSocket, createWebSocketStream } = await import('ws');
    const url = `${this.url.replace(/^http/, 'ws')}/api/v1${path}`;
    const socket = new WebSocket(url, { headers: { authorization: `Bearer ${this.#token}` } });
    return createWebSocketStream(socket);
  }

  builder(): Promise<BuilderStatusReply> {
    return this.json('/builder', builderStatus);
  }

  startBuilder(): Promise<BuilderStatusReply> {
    return this.json('/builder/start', builderStatus, { method: 'POST' });
  }

  prepareBuilder(): Promise<BuilderStatusReply> {
    return this.json('/builder/image', builderStatus, { method: 'POST' });
  }

  stopBuilder(): Promise<BuilderStatusReply> {
    return this.json('/builder/stop', builderStatus, { method: 'POST' });
  }

  /** Asks for the end of the orchestrator. @returns what becomes of its builds. */
  async stop(builds?: StopMode): Promise<StopMode> {
    const body = JSON.stringify({ builds });
    const call = { method: 'POST', body, type: 'application/json' } as const;
    return (await this.json('/stop', stopReply, call)).builds;
  }

  /** The state of a build, now and on every change, until it has ended. */
  async *watch(id: string, signal?: AbortSignal): AsyncGenerator<WatchLine> {
    let rest = '';
    for await (const text of this.#text(`/builds/${encodeURIComponent(id)}/watch`, signal)) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield watchLine.parse(JSON.parse(line));
    }
  }

  /** A stream that breaks is taken up again at its byte; `fetch` breaks one that is quiet for five minutes. */
  async *log(id: string, { follow, format = 'text', signal }: LogOptions): AsyncGenerator<Buffer> {
    const path = `/builds/${encodeURIComponent(id)}/log?follow=${follow}&format=${format}`;
    for (let offset = 0; ; ) {
      const reply = await this.call(`${path}&offset=${offset}`, { signal });
      try {
        for await (const chunk of reply.body ?? []) {
          offset += (chunk as Uint8Array).length;
          yield Buffer.from(chunk as Uint8Array);
        }
        return;
      } catch (error) {
        if (!follow || signal?.aborted) throw this.#unreachable(error, signal);
      }
    }
  }

  artifact(id: string, name: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    return this.bytes(`/builds/${encodeURIComponent(id)}/artifacts/${encodeURIComponent(name)}`, signal);
  }

  /** For the parts of the API that have a file of their own here. */
  async json<T>(path: string, schema: z.ZodType<T>, call: Call = {}): Promise<T> {
    const reply = await this.call(path, call);
    return schema.parse(await reply.json());
  }

  async *#text(path: string, signal?: AbortSignal): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    for await (const chunk of this.bytes(path, signal)) yield decoder.decode(chunk, { stream: true });
  }

  async *bytes(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const reply = await this.call(path, { signal });
    try {
      for await (const chunk of reply.body ?? []) yield Buffer.from(chunk as Uint8Array);
    } catch (error) {
      throw this.#unreachable(error, signal);
    }
  }

  async call(path: string, { method = 'GET', body, type, signal }: Call): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#token}`, ...(type && { 'content-type': type }) };
    let reply: Response;
    try {
      reply = await fetch(`${this.url}/api/v1${path}`, {
        method,
        headers,
        ...(signal && { signal }),
        // Half duplex is how a streamed request body is asked for (https://fetch.spec.whatwg.org/#dom-requestinit-duplex).
        ...(body && { body, duplex: 'half' }),
      } as RequestInit);
    } catch (error) {
      throw this.#unreachable(error, signal);
    }
    if (!reply.ok) throw await errorOf(reply);
    return reply;
  }

  #unreachable(error: unknown, signal?: AbortSignal): unknown {
    if (signal?.aborted) return signal.reason;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    // What is sent may fail as well as where it is sent.
    if (cause instanceof NexusError) return cause;
    const said = systemCodeOf(cause) ?? messageOf(cause);
    return new NexusError('server-unreachable', `The orchestrator at ${this.url} does not answer: ${said}`, {
      hint: 'Is it running? docker compose ps, or nexus serve.',
      cause: error,
    });
  }
}

async function errorOf(reply: Response): Promise<NexusError> {
  const text = await reply.text();
  try {
    const { error } = errorReply.parse(JSON.parse(text));
    return new NexusError(error.code, error.message, { hint: error.hint });
  } catch (cause) {
    const said = `${reply.status} ${text.slice(0, 200)}`;
    return new NexusError(
      'server-unreachable',
      `Something that is no orchestrator answers at ${reply.url}: ${said}`,
      { cause },
    );
  }
}
