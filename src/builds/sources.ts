import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { z } from 'zod';
import { NexusError, systemCodeOf } from '../errors.ts';
import { writeFileAtomically } from '../write-file-atomically.ts';
import { cleanSource } from './source-archive.ts';

const index = z.array(z.string());

const mostKnown = 1000;

/** Uploaded sources, named by the sha256 of their content, so that the same one is kept once. */
export class Sources {
  readonly #folder: string;
  /** By fingerprint, those asked for last at the end. A restart forgets them: then a source is sent once more. */
  readonly #known = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Takes an uploaded tar archive in.
   * @returns its id.
   * @throws {NexusError} `source-unsafe`, `request-invalid`.
   */
  async add(upload: Readable, signal?: AbortSignal): Promise<string> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = join(this.#folder, `.${randomUUID()}`);
    try {
      const { files, sha256 } = await cleanSource(upload, temporary, signal);
      await writeFileAtomically(this.#index(sha256), JSON.stringify(files));
      await rename(temporary, this.#archive(sha256));
      return sha256;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Remembers what stands for a source as long as it does not change where it comes from. */
  know(fingerprint: string, id: string): void {
    this.#known.delete(fingerprint);
    this.#known.set(fingerprint, id);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostKnown) break;
      this.#known.delete(oldest);
    }
  }

  /** The source that this stands for, if it is still here; it is not collected for a while. */
  async find(fingerprint: string): Promise<string | undefined> {
    const id = this.#known.get(fingerprint);
    if (id === undefined) return undefined;
    try {
      await this.touch(id);
      this.know(fingerprint, id);
      return id;
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT' && !(error instanceof NexusError)) throw error;
      this.#known.delete(fingerprint);
      return undefined;
    }
  }

  /**
   * The paths of the files in it.
   * @throws {NexusError} `not-found`.
   */
  async files(id: string): Promise<string[]> {
    try {
      return index.parse(JSON.parse(await readFile(this.#index(id), 'utf8')));
    } catch (error) {
      const isGone = systemCodeOf(error) === 'ENOENT';
      if (!isGone && systemCodeOf(error) !== undefined) throw error;
      throw new NexusError('not-found', isGone ? `There is no source ${id}` : `The source ${id} is damaged`, {
        hint: 'Upload it first.',
        cause: error,
      });
    }
  }

  /**
   * Says that a build is about to be made of it, so that it is not taken for one nobody needs.
   * @throws {NexusError} `not-found`.
   */
  async touch(id: string): Promise<void> {
    await this.files(id);
    const now = new Date();
    await utimes(this.#archive(id), now, now);
    await utimes(this.#index(id), now, now);
  }

  /** The tar archive. */
  open(id: string): Readable {
    return createReadStream(this.#archive(id));
  }

  #archive(id: string): string {
    return join(this.#folder, `${id}.tar`);
  }

  #index(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
