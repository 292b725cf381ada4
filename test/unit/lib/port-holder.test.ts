import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { findPortHolder } from '../../../src/lib/port-holder.ts';

test('the process that listens is named, and nobody when it has gone', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  expect(await findPortHolder(port)).toMatch(new RegExp(`^.+ \\(pid ${process.pid}\\)$`));
  server.close();
  await once(server, 'close');
  expect(await findPortHolder(port)).toBeNull();
});
