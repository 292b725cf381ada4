import { BlockList, isIP } from 'node:net';
import type { ListenAddress } from '../relay/settings.ts';

/** Reads `host:port`, `[::1]:587`, `unix:/path` or `systemd:NAME`; null when it is none of them. */
export function parseListenAddress(text: string): ListenAddress | null {
  const local = /^(unix|systemd):(\S+)$/.exec(text);
  if (local?.[1] === 'unix') return { is: 'unix', path: local[2] ?? '' };
  if (local?.[1] === 'systemd') return { is: 'systemd', name: local[2] ?? '' };
  const tcp = /^(?:\[([0-9a-fA-F:.%]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  if (tcp === null || Number(tcp[3]) > 65_535) return null;
  if (tcp[1] !== undefined && isIP(tcp[1]) !== 6) return null;
  return { is: 'tcp', host: tcp[1] ?? tcp[2] ?? '', port: Number(tcp[3]) };
}

/** The notation that parseListenAddress reads back. */
export function formatListenAddress(address: ListenAddress): string {
  if (address.is === 'unix') return `unix:${address.path}`;
  if (address.is === 'systemd') return `systemd:${address.name}`;
  return `${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host name or address can only be this machine. */
export function isLoopbackHost(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return /^(?:.+\.)?localhost\.?$/i.test(host);
  return loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether only this machine can reach the listener. A socket from systemd is systemd's to guard.
 */
export function isLocalListener(address: ListenAddress): boolean {
  return address.is !== 'tcp' || isLoopbackHost(address.host);
}

/** Whether two listeners cannot both be opened. */
export function overlap(a: ListenAddress, b: ListenAddress): boolean {
  if (a.is !== 'tcp' || b.is !== 'tcp') return formatListenAddress(a) === formatListenAddress(b);
  if (a.port !== b.port || a.port === 0) return false;
  return a.host === b.host || [a, b].some(({ host }) => host === '0.0.0.0' || host === '::');
}
