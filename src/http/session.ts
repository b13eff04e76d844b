import { z } from 'zod';
import { NexusError } from '../errors.ts';
import { type Access, sessionSeconds } from './access.ts';
import { checkOwnPage, sessionCookie } from './authorize.ts';
import { loginCode } from './schemas.ts';
import type { ApiServer } from './server-parts.ts';

const login = z.union([z.strictObject({ token: z.string() }), z.strictObject({ code: z.string() })]);

/** How a browser logs in and out; it gets a cookie that no script can read. */
export function sessionRoutes(server: ApiServer, access: Access): void {
  const hidden = { hide: true };
  server.get('/session', { schema: hidden }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return { valid: access.acceptsSession(sessionCookie(request, access)) };
  });
  server.post('/session', { schema: { ...hidden, body: login } }, async (request, reply) => {
    checkOwnPage(request);
    const given = request.body;
    if (!('token' in given ? access.acceptsToken(given.token.trim()) : access.takeCode(given.code))) {
      throw new NexusError(
        'unauthorized',
        'token' in given ? 'This is not the token' : 'This link has expired',
        {
          hint: '`nexus token` prints the token, `nexus dashboard` a new link.',
        },
      );
    }
    const isSecure = request.headers['x-forwarded-proto'] === 'https';
    return reply
      .header('set-cookie', cookie(access, access.newSession(), sessionSeconds, isSecure))
      .status(204)
      .send();
  });
  server.delete('/session', { schema: hidden }, async (request, reply) => {
    checkOwnPage(request);
    return reply
      .header('set-cookie', cookie(access, '', 0, false))
      .status(204)
      .send();
  });
}

function cookie({ cookieName }: Access, value: string, seconds: number, isSecure: boolean): string {
  const secure = isSecure ? '; Secure' : '';
  return `${cookieName}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** For `nexus dashboard`: an address with a code logs a browser in without the token on the screen. */
export function loginCodeRoutes(api: ApiServer, access: Access): void {
  api.post(
    '/login-codes',
    {
      schema: {
        summary: 'A code that logs a browser in, once, within five minutes',
        response: { 201: loginCode },
      },
    },
    async (_request, reply) => reply.status(201).send({ code: access.newCode() }),
  );
}
