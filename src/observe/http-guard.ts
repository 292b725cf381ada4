import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { isLoopbackHost } from '../config/listen-address.ts';
import type { Secret } from '../lib/secret.ts';
import type { ListenAddress } from '../relay/settings.ts';

/**
 * DNS rebinding: a web page whose name is made to resolve to 127.0.0.1 reaches a loopback server
 * through the visitor's browser, but cannot change the Host field, which carries the page's own
 * name. So only names that are ours are served, and off loopback address literals, which name no
 * page. A browser cannot reach a unix socket.
 */
export function hostCheck(
  listen: ListenAddress,
  hostname: string,
): (host: string | undefined) => boolean {
  if (listen.is === 'unix') return () => true;
  const names = [hostname, ...(listen.is === 'tcp' ? [listen.host] : [])].map(plainName);
  const offLoopback = listen.is !== 'tcp' || !isLoopbackHost(listen.host);
  return (field) => {
    const host = hostOf(field);
    if (host === null) return false;
    return names.includes(host) || isLoopbackHost(host) || (offLoopback && isIP(host) !== 0);
  };
}

/**
 * The host of a Host field without port and brackets (RFC 9110 section 7.2); null when it is none.
 */
function hostOf(field: string | undefined): string | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9_.-]+))(?::\d{1,5})?$/.exec(field ?? '');
  return match === null ? null : plainName(match[1] ?? match[2] ?? '');
}

const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** Compares digests, so neither the token's length nor its beginning shows in the time taken. */
export function tokenCheck(token: Secret | null): (authorization: string | undefined) => boolean {
  if (token === null) return () => true;
  const wanted = digest(token.reveal());
  return (authorization) => {
    const given = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(given), wanted);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
