import { isIP } from 'node:net';
import { type ClientDraft, loopbackNetworks, type Note, type Place, readPort } from './model.ts';

/** Where the old program listened and whom it trusted, as listeners and clients of relay.yaml. */
export interface Access {
  readonly listen: readonly string[];
  readonly clients: readonly ClientDraft[];
}

export interface AccessGiven {
  /** Addresses it listened on; empty: all, `loopback`: this machine's own. */
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
  /** Addresses and networks that it took mail from without a login. */
  readonly trusted: readonly string[];
  readonly at: Place;
  readonly note: Note;
}

/** This machine is always trusted: apps on it need no change but, at most, the port. */
export function accessOf({ addresses, ports, trusted, at, note }: AccessGiven): Access {
  const others = trusted.flatMap((item) => otherNetwork(item, at, note));
  const clients: ClientDraft[] = [{ name: 'local', networks: loopbackNetworks }];
  if (others.length > 0) clients.push({ name: 'network', networks: [...new Set(others)] });
  const hosts = hostsOf(addresses, others.length > 0);
  if (addresses.length === 0 && others.length === 0) {
    note(
      'changed',
      at,
      'it listened on every address',
      'relayd listens on this machine only, as nobody else may send',
    );
  }
  const listen = ports.flatMap((port) => hosts.map((host) => `${host}:${port}`));
  return { listen: [...new Set(listen)], clients };
}

function hostsOf(addresses: readonly string[], open: boolean): string[] {
  const known = addresses.flatMap((address) => {
    const bare = address.replace(/^\[(?:IPv6:)?(.*)\]$/i, '$1').replace(/^::0$/, '::');
    if (/^(?:loopback(?:-only)?|localhost)$/.test(bare)) return ['127.0.0.1'];
    return isIP(bare) === 0 ? [] : [bare];
  });
  if (known.includes('::')) return ['[::]'];
  if (known.includes('0.0.0.0')) return ['0.0.0.0'];
  if (known.length === 0) return [open ? '0.0.0.0' : '127.0.0.1'];
  return known.map((host) => (host.includes(':') ? `[${host}]` : host));
}

/** Networks besides this machine's own, in CIDR notation. */
function otherNetwork(item: string, at: Place, note: Note): string[] {
  const text = item.replace(/^\[([^\]]*)\]/, '$1').trim();
  const [host = '', bits] = text.split('/');
  const version = isIP(host);
  if (text === '' || text === '@[]' || /^localhost/.test(text)) return [];
  const readable = bits === undefined || /^\d{1,3}$/.test(bits);
  if (text.startsWith('!') || version === 0 || !readable) {
    note(
      'left-out',
      at,
      `trusted: ${text}`,
      'clients are known by address; name networks of a client',
    );
    return [];
  }
  if (/^127\./.test(host) || host === '::1') return [];
  const most = version === 6 ? 128 : 32;
  const width = Math.min(Number(bits ?? most), most);
  if (width < (version === 6 ? 16 : 8)) {
    note('left-out', at, `trusted: ${text}`, 'it would let the whole internet send mail here');
    return [];
  }
  return [`${host}/${width}`];
}

/** `25`, `smtp`, `submission`; null for a port that wants TLS from the first byte, or no port. */
export function plainPort(text: string): number | null {
  const port = readPort(text);
  return port === 465 ? null : port;
}
