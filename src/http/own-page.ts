import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser's request comes from a page of ours, or from a person who typed or bookmarked the address.
 * `Sec-Fetch-Site` says so; browsers leave it out where there is no HTTPS and no localhost, and then `Origin` does.
 * Being of one site is not enough: every port of this machine is one site.
 */
export function isFromOwnPage(method: string, headers: IncomingHttpHeaders): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || (isRead && site === 'none');
  if (headers.origin === undefined) return isRead;
  return URL.canParse(headers.origin) && new URL(headers.origin).host === headers.host;
}
