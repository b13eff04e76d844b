import type { BootChoices } from '../../builds/boot-order.ts';
import type { BootCheck, LiveBoot } from '../../builds/boot-records.ts';
import type { Build, BuildState } from '../../builds/build.ts';
import type { BuildEvent } from '../../builds/event.ts';
import type { BuildRequest } from '../../builds/request.ts';
import type { BuilderStatusReply, BuildView } from '../../http/schemas.ts';
import { ApiError, asJson, call, callJson } from './call.ts';

export interface BuildQuery {
  limit: number;
  before?: string | undefined;
  state: readonly BuildState[];
  text: string;
}

export interface BuildPage {
  builds: BuildView[];
  /** What to give as `before` for older ones, when there are any. */
  next: string | null;
}

const root = '/api/v1';
const of = (id: string) => `${root}/builds/${encodeURIComponent(id)}`;

/** The calls of the API, and the addresses of what is streamed or downloaded. */
export const api = {
  session: () => callJson<{ valid: boolean }>('/session'),
  login: async (by: { token: string } | { code: string }) =>
    void (await call('/session', asJson('POST', by))),
  logout: async () => void (await call('/session', { method: 'DELETE' })),

  builds: (query: BuildQuery, signal?: AbortSignal) =>
    callJson<BuildPage>(`${root}/builds?${queryString(query)}`, withSignal(signal)),
  build: (id: string, signal?: AbortSignal) => callJson<BuildView>(of(id), withSignal(signal)),
  events: (id: string, since: number) =>
    callJson<{ events: BuildEvent[] }>(`${of(id)}/events?since=${since}`),
  submit: (request: BuildRequest) => callJson<Build>(`${root}/builds`, asJson('POST', request)),
  cancel: (id: string) => callJson<Build>(`${of(id)}/cancel`, { method: 'POST' }),
  pin: (id: string, pinned: boolean) =>
    callJson<{ pinned: boolean }>(`${of(id)}/${pinned ? 'pin' : 'unpin'}`, { method: 'POST' }),
  remove: async (id: string, artifacts: boolean) =>
    void (await call(`${of(id)}?artifacts=${artifacts}`, { method: 'DELETE' })),
  watchAddress: (id: string) => `${of(id)}/watch`,
  logAddress: (id: string, offset: number, follow: boolean) =>
    `${of(id)}/log?format=text&offset=${offset}&follow=${follow}`,
  artifactAddress: (id: string, name: string) => `${of(id)}/artifacts/${encodeURIComponent(name)}`,

  /** Nothing when the build was not checked. */
  bootCheck: async (id: string): Promise<BootCheck | null> => {
    try {
      return await callJson<BootCheck>(`${of(id)}/boot-check`);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not-found') return null;
      throw error;
    }
  },
  checkBoot: (id: string) => callJson<BootCheck>(`${of(id)}/boot-check`, asJson('POST', {})),
  bootCheckScreen: (id: string) => `${of(id)}/boot-check/screenshot`,
  bootCheckConsole: (id: string) => `${of(id)}/boot-check/serial`,
  boots: () => callJson<{ boots: LiveBoot[] }>(`${root}/boots`),
  boot: (id: string, choices: BootChoices) => callJson<LiveBoot>(`${of(id)}/boot`, asJson('POST', choices)),
  bootScreen: (boot: string, number: number) => `${root}/boots/${boot}/screenshot?number=${number}`,
  bootScreenSocket: (boot: string) => `${root}/boots/${boot}/vnc`,
  bootSerialSocket: (boot: string) => `${root}/boots/${boot}/serial`,
  endBoot: async (boot: string) => void (await call(`${root}/boots/${boot}`, { method: 'DELETE' })),

  uploadSource: (tar: Blob) =>
    callJson<{ id: string }>(`${root}/sources`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-tar' },
      body: tar,
    }),

  builder: (signal?: AbortSignal) => callJson<BuilderStatusReply>(`${root}/builder`, withSignal(signal)),
  console: (signal?: AbortSignal) =>
    callJson<{ text: string }>(`${root}/builder/console`, withSignal(signal)),
  builderDo: (what: 'start' | 'stop' | 'image') =>
    callJson<BuilderStatusReply>(`${root}/builder/${what}`, { method: 'POST' }),
};

const withSignal = (signal?: AbortSignal): RequestInit => (signal ? { signal } : {});

function queryString({ limit, before, state, text }: BuildQuery): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const each of state) query.append('state', each);
  if (before !== undefined) query.set('before', before);
  if (text.trim() !== '') query.set('text', text);
  return query.toString();
}
