import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { counts } from './counts.ts';
import { startLoad } from './load.ts';
import { drain, expectNothingLost, makeScene, until } from './scene.ts';

const { connections: crowd } = counts;

/** Opens so many sessions, so many at a time as a listener's backlog bears. */
async function openMany(port: number, count: number, onOpen: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  const answered = { greeted: 0, refused: 0, closed: 0 };
  const one = () =>
    new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
      socket.once('data', (chunk) => {
        if (chunk.toString().startsWith('220')) answered.greeted += 1;
        else answered.refused += 1;
        onOpen(socket);
        resolve();
      });
      socket.once('close', () => {
        answered.closed += 1;
        resolve();
      });
    });
  for (let at = 0; at < count; at += 200) await Promise.all(Array.from({ length: 200 }, one));
  return answered;
}

const rssMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

test(`promise 1: ${crowd} connections, and mail goes on beside them`, async () => {
  const limits = { connections: crowd + 100, connections_per_client: crowd + 100 };
  const scene = await makeScene({ config: { limits } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  const before = rssMiB(relay.pid);
  const answered = await openMany(port, crowd, () => {});
  expect(answered).toEqual({ greeted: crowd, refused: 0, closed: 0 });
  const load = startLoad({ port, sessions: 10, ...scene });
  await load.taken(200);
  await load.stop();
  const grownMiB = rssMiB(relay.pid) - before;
  console.info(`${crowd} connections: ${Math.round(grownMiB)} MiB more`);
  expect(grownMiB).toBeLessThan(400);
  await drain(relay, scene);
  expectNothingLost(scene, `${crowd} connections`);
});

test('promises 1 and 8: five times the connections that are allowed: those inside are served', async () => {
  const limits = { connections: 200, connections_per_client: 200 };
  const scene = await makeScene({ config: { limits } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  const load = startLoad({ port, sessions: 20, ...scene });
  await load.taken(20);
  await openMany(port, 1_000, () => {});
  await load.taken(200);
  await load.stop();
  await drain(relay, scene);
  expectNothingLost(scene, 'a crowd at the door');
});

test('promise 1: slowloris: sessions that trickle fill the limit, and give way to who sends mail', async () => {
  const scene = await makeScene({ config: { limits: { connections_per_client: 300 } } });
  const relay = await scene.start();
  const [port = 0] = relay.ports;
  // A byte now and then, never a line: each keeps a session for as long as it can.
  await openMany(port, 400, (socket) => {
    const trickle = setInterval(() => {
      if (socket.writable) socket.write('X');
    }, 500);
    onTestFinished(() => clearInterval(trickle));
  });
  await until('one that sends mail is let in', async () => {
    await startLoad({ port, sessions: 1, messages: 1, ...scene }).ended;
    return scene.ledger.acknowledged.size > 0;
  });
  const load = startLoad({ port, sessions: 5, ...scene });
  await load.taken(100);
  await load.stop();
  await drain(relay, scene);
  expectNothingLost(scene, 'slowloris');
});
