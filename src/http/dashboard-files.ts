import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { systemCodeOf } from '../errors.ts';

export interface DashboardFile {
  type: string;
  body: Buffer;
  zipped: Buffer;
  etag: string;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};

/** The built dashboard by path (`/assets/…`), in memory: it is small. Empty where it has not been built. */
export async function readDashboard(folder: string): Promise<ReadonlyMap<string, DashboardFile>> {
  const files = new Map<string, DashboardFile>();
  for (const path of await filesIn(folder)) {
    const type = types[extname(path)];
    if (type === undefined) continue;
    const body = await readFile(path);
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    const zipped = await promisify(gzip)(body, { level: 9 });
    files.set(`/${relative(folder, path).split(sep).join('/')}`, { type, body, zipped, etag });
  }
  return files;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
