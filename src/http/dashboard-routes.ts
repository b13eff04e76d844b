import type { FastifyReply, FastifyRequest } from 'fastify';
import { NexusError } from '../errors.ts';
import { dashboardFolder } from '../paths.ts';
import { type DashboardFile, readDashboard } from './dashboard-files.ts';
import type { ApiServer } from './server-parts.ts';

/** Addresses that the page itself knows what to show for. */
const pages = ['/', '/builds', '/builds/:id', '/new', '/builder'];

/** Everything the page is made of comes from here, and nothing of it stands in the document. */
const contentSecurityPolicy = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:"],
  ...["connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"],
  "require-trusted-types-for 'script'; trusted-types 'none'",
].join('; ');

/** For every reply: no page of another origin embeds, reads or guesses at what we serve. */
export const securityHeaders = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** The dashboard: static files without secrets; what they show comes over the API and needs a session. */
export async function dashboardRoutes(server: ApiServer): Promise<void> {
  const files = await readDashboard(dashboardFolder);
  const options = { schema: { hide: true } };
  for (const page of pages) {
    server.get(page, options, async (request, reply) => {
      const index = files.get('/index.html');
      if (index) return send(request, reply, index, 'no-cache');
      throw new NexusError('not-found', 'The dashboard has not been built', { hint: 'Run `npm run build`.' });
    });
  }
  for (const [path, file] of files) {
    // The names of assets change with their content.
    const caching = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache';
    if (path !== '/index.html')
      server.get(path, options, async (request, reply) => send(request, reply, file, caching));
  }
}

function send(request: FastifyRequest, reply: FastifyReply, file: DashboardFile, caching: string) {
  reply
    .header('content-type', file.type)
    .header('etag', file.etag)
    .header('cache-control', caching)
    .header('vary', 'accept-encoding');
  if (request.headers['if-none-match'] === file.etag) return reply.status(304).send();
  if (!/\bgzip\b/.test(String(request.headers['accept-encoding']))) return reply.send(file.body);
  return reply.header('content-encoding', 'gzip').send(file.zipped);
}
