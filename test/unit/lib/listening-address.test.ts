import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listeningAddress, sameHost } from '../../../src/lib/listening-address.ts';

test.each(['127.0.0.1', '::1'])(
  'a socket that listens on %s is known by its descriptor',
  async (host) => {
    const server = createServer().listen(0, host);
    await once(server, 'listening');
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    const { port } = server.address() as AddressInfo;
    expect(listeningAddress(fd)).toEqual({ host, port });
    server.close();
    await once(server, 'close');
  },
);

test('files and descriptors that are not open have no address', () => {
  const file = openSync('/dev/null', 'r');
  expect(listeningAddress(file)).toBeNull();
  closeSync(file);
  expect(listeningAddress(9_999)).toBeNull();
});

test('one address may be written in several ways', () => {
  expect(sameHost('::1', '0:0:0:0:0:0:0:1')).toBe(true);
  expect(sameHost('::', '0.0.0.0')).toBe(false);
});
