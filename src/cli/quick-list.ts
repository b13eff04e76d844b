import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Build } from '../builds/build.ts';
import { type ClientSettings, clientSettings } from '../environment.ts';
import { dataPaths } from '../paths.ts';

/** What one page has at most. */
const longestPage = 1000;

/**
 * The newest builds, or all, from an orchestrator that runs; nothing when anything at all is in the way, so that the caller asks
 * again in a way that can say what. Without the schemas and `fetch`, whose loading takes longer than the answer.
 */
export async function quickList(limit = Number.POSITIVE_INFINITY): Promise<Build[] | undefined> {
  try {
    const settings = clientSettings();
    const server = settings && (await serverOf(settings));
    if (!server?.url.startsWith('http:')) return undefined;
    const reply: unknown = JSON.parse(
      await ask(`${server.url}/api/v1/builds?limit=${Math.min(limit, longestPage)}`, server.token),
    );
    if (!isList(reply)) return undefined;
    // More than one page is not quick in any case.
    return limit <= longestPage || !reply.next ? reply.builds : undefined;
  } catch {
    return undefined;
  }
}

async function serverOf({ data, url, token }: ClientSettings): Promise<{ url: string; token: string }> {
  const paths = dataPaths(data);
  return {
    url: (url ?? String(JSON.parse(await readFile(paths.server, 'utf8')).url)).replace(/\/$/, ''),
    token: token ?? (await readFile(paths.token, 'utf8')).trim(),
  };
}

function ask(url: string, token: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers: { authorization: `Bearer ${token}` }, timeout: 5000 }, (reply) => {
      if (reply.statusCode === 200) text(reply).then(resolve, reject);
      else reject(new Error(`status ${reply.statusCode}`));
    });
    request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
  });
}

function isList(reply: unknown): reply is { builds: Build[]; next?: string | null } {
  return typeof reply === 'object' && reply !== null && 'builds' in reply && Array.isArray(reply.builds);
}
