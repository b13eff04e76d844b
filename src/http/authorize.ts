import type { FastifyRequest } from 'fastify';
import { NexusError } from '../errors.ts';
import type { Access } from './access.ts';
import { isFromOwnPage } from './own-page.ts';

/** A check for `Authorization: Bearer TOKEN`, or for the session of a browser whose request comes from our own page. */
export function authorizer(access: Access) {
  return async (request: FastifyRequest) => {
    const { authorization } = request.headers;
    if (authorization !== undefined) {
      const [scheme, token = ''] = authorization.split(' ');
      if (scheme === 'Bearer' && access.acceptsToken(token)) return;
    } else if (access.acceptsSession(sessionCookie(request, access))) {
      checkOwnPage(request);
      return;
    }
    throw new NexusError('unauthorized', 'This request has no valid token', {
      hint: 'Send the header “Authorization: Bearer TOKEN”; `nexus token` prints the token.',
    });
  };
}

/** A browser sends cookies with whatever any page asks for, so the page matters as much as the cookie. */
export function checkOwnPage(request: FastifyRequest): void {
  if (isFromOwnPage(request.method, request.headers)) return;
  throw new NexusError('unauthorized', 'This request comes from another page than the dashboard', {
    hint: 'Open the dashboard at the address under which it is reached.',
  });
}

export function sessionCookie({ headers }: FastifyRequest, { cookieName }: Access): string {
  const cookies = (headers.cookie ?? '').split(/; */);
  return cookies.find((cookie) => cookie.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) ?? '';
}
