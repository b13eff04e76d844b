import type { Duplex } from 'node:stream';
import { z } from 'zod';
import type { BootCheckOptions } from '../builds/boot-check-request.ts';
import type { BootChoices } from '../builds/boot-order.ts';
import { type BootCheck, bootCheckSchema, type LiveBoot, liveBootSchema } from '../builds/boot-records.ts';
import type { ApiClient } from './api-client.ts';

/** The part of the HTTP API that boots images. */
export class BootClient {
  readonly #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  checkBoot(id: string, options: BootCheckOptions): Promise<BootCheck> {
    const body = JSON.stringify(options);
    const call = { method: 'POST', body, type: 'application/json' } as const;
    return this.#api.json(`/builds/${encodeURIComponent(id)}/boot-check`, bootCheckSchema, call);
  }

  bootCheck(id: string): Promise<BootCheck> {
    return this.#api.json(`/builds/${encodeURIComponent(id)}/boot-check`, bootCheckSchema);
  }

  bootFile(id: string, what: 'screenshot' | 'serial'): AsyncGenerator<Buffer> {
    return this.#api.bytes(`/builds/${encodeURIComponent(id)}/boot-check/${what}`);
  }

  boot(id: string, choices: BootChoices): Promise<LiveBoot> {
    const call = { method: 'POST', body: JSON.stringify(choices), type: 'application/json' } as const;
    return this.#api.json(`/builds/${encodeURIComponent(id)}/boot`, liveBootSchema, call);
  }

  async boots(): Promise<LiveBoot[]> {
    return (await this.#api.json('/boots', z.object({ boots: z.array(liveBootSchema) }))).boots;
  }

  bootScreenshot(id: string): AsyncGenerator<Buffer> {
    return this.#api.bytes(`/boots/${encodeURIComponent(id)}/screenshot`);
  }

  async endBoot(id: string): Promise<void> {
    await this.#api.call(`/boots/${encodeURIComponent(id)}`, { method: 'DELETE' });
  }

  /** The serial line of a machine: what comes from it, and what is typed. */
  serial(id: string): Promise<Duplex> {
    return this.#api.socket(`/boots/${encodeURIComponent(id)}/serial`);
  }
}
