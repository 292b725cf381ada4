import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callDaemon, connectControl } from '../../../src/control/client.ts';
import { type Control, openControl } from '../../../src/control/server.ts';
import { handlersOf, temporaryDirectory } from './fixtures.ts';

async function opened(socket: string): Promise<Control> {
  const handlers = handlersOf({ 'account.list': async () => ({ accounts: [] }) });
  const control = await openControl({ socket, handlers, emit: () => {} });
  onTestFinished(() => control.close());
  return control;
}

function listening(path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer((peer) => {
      peer.on('error', () => peer.destroy());
    });
    server.listen(path, () => resolve(server));
  });
}

/** A socket file on which nobody listens, as a daemon that was killed leaves it. */
async function deadSocket(): Promise<string> {
  const directory = temporaryDirectory();
  const server = await listening(join(directory, 'bound.sock'));
  const path = join(directory, 'control.sock');
  renameSync(join(directory, 'bound.sock'), path);
  await new Promise((resolve) => server.close(resolve));
  return path;
}

test('a socket left behind by a dead daemon is replaced', async () => {
  const path = await deadSocket();
  await opened(path);
  expect(await callDaemon(path, 'account.list', {})).toEqual({ accounts: [] });
});

test('a second daemon is refused while the first one answers', async () => {
  const path = join(temporaryDirectory(), 'control.sock');
  await opened(path);
  await expect(opened(path)).rejects.toThrow(`another relayd answers on ${path}; stop it first`);
  expect(await callDaemon(path, 'account.list', {})).toEqual({ accounts: [] });
});

test('a file that is no socket is left alone', async () => {
  const path = join(temporaryDirectory(), 'control.sock');
  writeFileSync(path, 'precious');
  await expect(opened(path)).rejects.toThrow(`${path} exists and is not a socket`);
  expect(existsSync(path)).toBe(true);
});

test('a missing directory and an impossible length are named', async () => {
  await expect(opened('/nowhere/control.sock')).rejects.toThrow('the directory /nowhere does not');
  await expect(opened(`/tmp/${'x'.repeat(120)}`)).rejects.toThrow('longer than 107 bytes');
});

test('closing answers what is under way, hangs up on the others and removes the socket', async () => {
  const path = join(temporaryDirectory(), 'control.sock');
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const handlers = handlersOf({
    'queue.release': async () => {
      asked.resolve();
      await answer.promise;
      return { recipients: 1, messages: 1 };
    },
  });
  const control = await openControl({ socket: path, handlers, emit: () => {} });
  const idle = await connectControl(path);
  const busy = callDaemon(path, 'queue.release', { filter: {} });
  await asked.promise;
  const closed = control.close();
  answer.resolve();
  expect(await busy).toEqual({ recipients: 1, messages: 1 });
  await closed;
  expect(existsSync(path)).toBe(false);
  await expect(idle.call('account.list', {})).rejects.toMatchObject({ exitCode: 69 });
});

test('a daemon that does not run is said in one line', async () => {
  const missing = join(temporaryDirectory(), 'control.sock');
  await expect(callDaemon(missing, 'status', {})).rejects.toMatchObject({
    exitCode: 69,
    message: `relayd is not running: there is no socket ${missing}`,
  });
  const dead = await deadSocket();
  await expect(callDaemon(dead, 'status', {})).rejects.toMatchObject({
    exitCode: 69,
    message: `relayd is not running: nobody answers on ${dead}`,
  });
});

test('a path that is no socket is said to be none', async () => {
  const path = join(temporaryDirectory(), 'relay.yaml');
  writeFileSync(path, 'hostname: x\n');
  await expect(callDaemon(path, 'status', {})).rejects.toMatchObject({
    exitCode: 76,
    message: `${path} is not a socket`,
  });
});

test('without permission the group to join is named', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'control.sock');
  await opened(path);
  chmodSync(directory, 0o755);
  chmodSync(path, 0o600);
  const root = process.geteuid?.() === 0;
  // Nothing is forbidden to root: for the length of one connect(2) we are nobody.
  if (root) process.seteuid?.(65_534);
  try {
    const call = callDaemon(path, 'status', {});
    if (root) process.seteuid?.(0);
    await expect(call).rejects.toMatchObject({
      exitCode: 77,
      message: expect.stringMatching(
        /^no permission for .*: run relayctl as root, or join the group/,
      ),
    });
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test.each([
  ['speaks another language', '220 mail.example ESMTP\r\n'],
  ['speaks JSON of its own', '{"jsonrpc":"2.0"}\n'],
])('a socket that %s is not relayd', async (_, greeting) => {
  const path = join(temporaryDirectory(), 'other.sock');
  const server = await listening(path);
  onTestFinished(() => void server.close());
  server.on('connection', (peer) => peer.end(greeting));
  await expect(callDaemon(path, 'status', {})).rejects.toMatchObject({
    exitCode: 76,
    message: `${path} is not a control socket of relayd`,
  });
});

test('a daemon that stays silent, or hangs up, is said to', async () => {
  const path = join(temporaryDirectory(), 'other.sock');
  const server = await listening(path);
  onTestFinished(() => void server.close());
  await expect(connectControl(path, { helloWithinMs: 5 })).rejects.toMatchObject({
    exitCode: 75,
    message: `relayd at ${path} does not answer`,
  });
  server.on('connection', (peer) => peer.destroy());
  await expect(connectControl(path)).rejects.toMatchObject({
    exitCode: 69,
    message: `relayd at ${path} closed the connection`,
  });
});
