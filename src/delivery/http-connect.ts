import type { NetworkFault } from '../relay/outcome.ts';
import { type ProxyLogin, ProxyRefusal, type ProxyTalk, type TunnelTarget } from './proxy-talk.ts';

const headBytesMax = 16 * 1024;

const FAULTS: Readonly<Record<number, NetworkFault>> = {
  403: 'refused',
  407: 'refused',
  503: 'refused',
  504: 'timeout',
};

/** RFC 9110 section 9.3.6: a connection to the target, whose name the proxy resolves. */
export async function httpConnect(
  talk: ProxyTalk,
  { host, port }: TunnelTarget,
  login: ProxyLogin | null,
): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`, ...credentials(login)];
  talk.send(`${lines.join('\r\n')}\r\n\r\n`);
  let leftBytes = headBytesMax;
  for (;;) {
    const head = await talk.takeUpTo('\r\n\r\n', leftBytes);
    leftBytes -= head.length;
    const status = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n/.exec(head.toString('latin1'));
    if (status === null) throw new ProxyRefusal('protocol', 'does not speak HTTP/1.1');
    const code = Number(status[1]);
    // RFC 9110 section 15.2: interim answers may come first; a 2xx has no body.
    if (code >= 200 && code < 300) return;
    if (code >= 200) {
      const words = `${status[1]} ${status[2] ?? ''}`.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
      const detail = `cannot connect to ${authority}: ${words.trimEnd()}`;
      throw new ProxyRefusal(FAULTS[code] ?? 'other', detail);
    }
  }
}

/** RFC 9110 section 11.7.2, RFC 7617 section 2. */
function credentials(login: ProxyLogin | null): string[] {
  if (login === null) return [];
  const pair = Buffer.from(`${login.username}:${login.password.reveal()}`).toString('base64');
  return [`Proxy-Authorization: Basic ${pair}`];
}
