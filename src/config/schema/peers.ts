import { isIP } from 'node:net';
import { parseListenAddress } from '../listen-address.ts';
import { notation } from './kinds.ts';

/** The notations for where apps connect, and for who they are. */

export const listenAddress = () =>
  notation({
    what: 'an address to listen on',
    examples: ['127.0.0.1:587', '[::1]:587', 'unix:/run/relayd/submission.sock'],
    read: parseListenAddress,
  });

/** `0660` of a socket, in quotes: YAML would read a number, and not the octal one. */
export const fileMode = () =>
  notation({
    what: 'a file mode in quotes',
    examples: ['0660', '0666'],
    read: (text) => (/^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : null),
  });

/** Whom a client is known by: a network, or `unix` for whoever may open a unix: listener. */
export const peer = () =>
  notation({
    what: 'a network',
    examples: ['127.0.0.1/32', '::1/128', 'unix'],
    read: (text) => (text === 'unix' ? text : readNetwork(text)),
  });

/** An address or a network in CIDR notation; a bare address is a network of one. */
export const network = () =>
  notation({
    what: 'a network',
    examples: ['127.0.0.1/32', '10.0.0.0/8', '::1/128'],
    read: readNetwork,
  });

function readNetwork(text: string): string | null {
  const [host = '', bits, ...rest] = text.split('/');
  const version = isIP(host);
  const bitsMax = version === 6 ? 128 : 32;
  if (version === 0 || rest.length > 0) return null;
  if (bits === undefined) return `${host}/${bitsMax}`;
  return /^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax ? text : null;
}
