import { Secret } from '../lib/secret.ts';
import type { ProxyServer } from '../relay/account.ts';

const USUAL_PORT = { socks5: 1080, http: 80 } as const;
/** RFC 1929 section 2: one octet counts them. */
const loginBytesMax = 255;

/**
 * `socks5://[user:pass@]host[:port]` or `http://...`; parts of the login are percent-encoded. Null
 * for anything else, a path or a query included.
 */
export function parseProxyUrl(text: string): ProxyServer | null {
  const url = URL.parse(text);
  const is = url?.protocol.slice(0, -1);
  if (url === null || (is !== 'socks5' && is !== 'http')) return null;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const rest = url.pathname.replace(/^\/$/, '') + url.search + url.hash;
  if (host === '' || rest !== '' || url.port === '0') return null;
  const port = url.port === '' ? USUAL_PORT[is] : Number(url.port);
  if (url.username === '' && url.password === '') return { is, host, port, login: null };
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === null || password === null) return null;
  // RFC 7617 section 2: the first colon ends the name.
  if (is === 'http' && username.includes(':')) return null;
  return { is, host, port, login: { username, password: new Secret(password) } };
}

function decoded(part: string): string | null {
  try {
    const text = decodeURIComponent(part);
    const bytes = Buffer.byteLength(text);
    return bytes > 0 && bytes <= loginBytesMax && !/[\x00-\x1f\x7f]/.test(text) ? text : null;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
