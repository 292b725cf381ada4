import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { daemon, mainLogin, simpleConfig, submit, upstream } from './scene.ts';

test('with 200 idle or rude connections from 127.0.0.1 a good client is served at once', async () => {
  const server = await upstream({ accounts: mainLogin });
  const config = await simpleConfig(server, {
    limits: { connections: 100, connections_reserved: 20 },
  });
  const relay = await daemon({ config });
  const [port = 0] = relay.ports;
  const rude: Socket[] = Array.from({ length: 200 }, (_, n) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    // Every other one talks nonsense, the rest say nothing at all.
    if (n % 2 === 0) socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: x\r\n'));
    return socket;
  });
  onTestFinished(() => {
    for (const socket of rude) socket.destroy();
  });
  await Promise.all(
    rude.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
  );
  const beganMs = performance.now();
  const reply = await submit(port, { from: 'a@relay.test', to: 'b@dest.test', text: 'x' });
  expect(reply).toMatch(/^250 2\.0\.0 /);
  expect(performance.now() - beganMs).toBeLessThan(1_000);
});
