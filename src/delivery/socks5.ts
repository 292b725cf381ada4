import { isIP } from 'node:net';
import type { NetworkFault } from '../relay/outcome.ts';
import { type ProxyLogin, ProxyRefusal, type ProxyTalk, type TunnelTarget } from './proxy-talk.ts';

const version = 5;
const method = { none: 0, password: 2 } as const;
const addressType = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** RFC 1928 section 6, REP. */
const REPLIES: readonly (readonly [NetworkFault, string])[] = [
  ['other', 'succeeded'],
  ['other', 'general failure'],
  ['refused', 'not allowed by its rules'],
  ['other', 'network unreachable'],
  ['other', 'host unreachable'],
  ['refused', 'connection refused'],
  ['timeout', 'time to live expired'],
  ['protocol', 'CONNECT not supported'],
  ['protocol', 'address type not supported'],
];

/** RFC 1928: a connection to the target, whose name the proxy resolves. */
export async function socks5Connect(
  talk: ProxyTalk,
  target: TunnelTarget,
  login: ProxyLogin | null,
): Promise<void> {
  const methods = login === null ? [method.none] : [method.none, method.password];
  talk.send(Buffer.from([version, methods.length, ...methods]));
  const [spoken, chosen] = await talk.take(2);
  if (spoken !== version) throw new ProxyRefusal('protocol', 'does not speak SOCKS5');
  if (chosen === method.password && login !== null) await logIn(talk, login);
  else if (chosen !== method.none) {
    const wants = login === null ? 'wants a login' : 'does not take a username and password';
    throw new ProxyRefusal('refused', wants);
  }
  talk.send(Buffer.concat([Buffer.from([version, 1, 0]), destination(target)]));
  const [answered, reply = 1, , type] = await talk.take(4);
  if (answered !== version) throw new ProxyRefusal('protocol', 'does not speak SOCKS5');
  if (reply !== 0) {
    const [fault, words] = REPLIES[reply] ?? (['other', `reply ${reply}`] as const);
    throw new ProxyRefusal(fault, `cannot connect to ${nameOf(target)}: ${words}`);
  }
  // The address the proxy connects from: nobody needs it, but it stands before the target's bytes.
  await talk.take((await addressBytes(talk, type)) + 2);
}

/** RFC 1929 section 2 */
async function logIn(talk: ProxyTalk, { username, password }: ProxyLogin): Promise<void> {
  const counted = [username, password.reveal()].flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from([bytes.length]), bytes];
  });
  talk.send(Buffer.concat([Buffer.from([1]), ...counted]));
  const [, status] = await talk.take(2);
  if (status !== 0) throw new ProxyRefusal('refused', 'does not take the username and password');
}

/** RFC 1928 section 4: ATYP, DST.ADDR and DST.PORT. */
function destination({ host, port }: TunnelTarget): Buffer {
  const portBytes = Buffer.from([port >> 8, port & 0xff]);
  switch (isIP(host)) {
    case 4:
      return Buffer.from([addressType.ipv4, ...host.split('.').map(Number), ...portBytes]);
    case 6:
      return Buffer.concat([Buffer.from([addressType.ipv6]), ipv6Bytes(host), portBytes]);
    default: {
      const name = Buffer.from(host);
      if (name.length > 255) throw new ProxyRefusal('resolve', 'the host name is too long');
      return Buffer.concat([Buffer.from([addressType.name, name.length]), name, portBytes]);
    }
  }
}

function ipv6Bytes(address: string): Buffer {
  // A URL writes an IPv4 tail as two groups; a zone means nothing to another machine.
  const plain = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1);
  const [left = [], right = []] = plain.split('::').map((side) => side.split(':').filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  const groups = [...left, ...zeros, ...right].map((group) => group.padStart(4, '0'));
  return Buffer.from(groups.join(''), 'hex');
}

async function addressBytes(talk: ProxyTalk, type: number | undefined): Promise<number> {
  if (type === addressType.ipv4) return 4;
  if (type === addressType.ipv6) return 16;
  if (type !== addressType.name) throw new ProxyRefusal('protocol', 'does not speak SOCKS5');
  return (await talk.take(1))[0] ?? 0;
}

function nameOf({ host, port }: TunnelTarget): string {
  return `${host}:${port}`;
}
