import { BlockList, isIP } from 'node:net';
import type { Client } from '../relay/client.ts';
import type { Settings } from '../relay/settings.ts';

interface Compiled {
  readonly list: BlockList;
  /** The address asked for last, and the answer: most clients are at few addresses. */
  address: string;
  inside: boolean;
}

const compiled = new WeakMap<readonly string[], Compiled>();

/**
 * Whether an address is in one of the networks (`127.0.0.1/32`, `::1`), which are compiled once.
 */
export function inNetworks(networks: readonly string[], address: string): boolean {
  if (networks.length === 0) return false;
  let known = compiled.get(networks);
  if (known === undefined) {
    known = { list: compile(networks), address: '', inside: false };
    compiled.set(networks, known);
  }
  if (known.address !== address) {
    const version = isIP(address);
    known.inside = version !== 0 && known.list.check(address, version === 6 ? 'ipv6' : 'ipv4');
    known.address = address;
  }
  return known.inside;
}

function compile(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    if (network === 'unix') continue;
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** A peer on a Unix socket is on this machine, and could as well have come by loopback. */
const localAddress = '127.0.0.1';

/**
 * The first client whose `networks` hold the address, '' for a Unix socket; null: none does. One
 * that names `unix` goes before those that loopback would do for.
 */
export function networkClient(settings: Settings, remoteAddress: string): Client | null {
  const clients = [...settings.clients.values()];
  const address = remoteAddress === '' ? localAddress : remoteAddress;
  const onSocket =
    remoteAddress === '' && clients.find(({ networks }) => networks.includes('unix'));
  return onSocket || (clients.find(({ networks }) => inNetworks(networks, address)) ?? null);
}
