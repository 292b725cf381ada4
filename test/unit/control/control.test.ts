import { statSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { callDaemon, connectControl } from '../../../src/control/client.ts';
import { type Control, openControl } from '../../../src/control/server.ts';
import { ControlError, type ControlHandlers, requestBytesMax } from '../../../src/control/wire.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import { StoreError } from '../../../src/relay/ports.ts';
import { handlersOf, temporaryDirectory } from './fixtures.ts';
import { dialogue } from './raw.ts';

const id = '1n8f3k2x0q4' as MessageId;
const flushed = { recipients: 3, messages: 2, accountsResumed: ['gmail'], lanes: ['gmail'] };

async function opened(some: Partial<ControlHandlers>): Promise<Control & { events: RelayEvent[] }> {
  const events: RelayEvent[] = [];
  const socket = join(temporaryDirectory(), 'control.sock');
  const control = await openControl({
    socket,
    handlers: handlersOf(some),
    emit: (event) => events.push(event),
  });
  onTestFinished(() => control.close());
  return { ...control, events };
}

async function listening(answer: (line: Buffer) => string | null): Promise<string> {
  const socket = join(temporaryDirectory(), 'other.sock');
  const server: Server = createServer((peer) => {
    peer.on('data', (line) => {
      const text = answer(line);
      if (text === null) peer.destroy();
      else peer.write(text);
    });
    peer.on('error', () => peer.destroy());
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  return socket;
}

test('a request reaches its handler as asked and its answer comes back', async () => {
  const asked: unknown[] = [];
  const control = await opened({
    'queue.flush': async (ask) => {
      asked.push(ask);
      return flushed;
    },
  });
  const ask = { filter: { account: 'gmail', olderThanMs: 5 }, includeHeld: true };
  expect(await callDaemon(control.socket, 'queue.flush', ask)).toEqual(flushed);
  expect(asked).toEqual([ask]);
  expect(control.events).toMatchObject([
    { is: 'control.called', request: 'queue.flush', failed: false },
  ]);
});

test('one connection carries many requests, answered in their order', async () => {
  const control = await opened({
    'queue.release': async ({ filter }) => ({ recipients: filter.olderThanMs ?? 0, messages: 1 }),
  });
  const connection = await connectControl(control.socket);
  for (const count of [1, 2, 3]) {
    const touched = await connection.call('queue.release', { filter: { olderThanMs: count } });
    expect(touched).toEqual({ recipients: count, messages: 1 });
  }
  connection.close();
});

test('the socket is for the owner and the group only', async () => {
  const control = await opened({});
  expect(statSync(control.socket).mode & 0o777).toBe(0o660);
});

test.each([
  ['a refusal', new ControlError('not-found', 'no message 1n8'), 'not-found', 65],
  ['a full disk', new StoreError('full', 'database or disk is full'), 'storage', 75],
  ['a bug', new Error('x is undefined'), 'internal', 70],
])('%s of a handler comes back as a failure with its exit code', async (_, thrown, code, exit) => {
  const control = await opened({
    'queue.show': async () => {
      throw thrown;
    },
  });
  await expect(callDaemon(control.socket, 'queue.show', { id })).rejects.toMatchObject({
    name: 'ControlFailure',
    code,
    exitCode: exit,
    message: thrown.message,
  });
  expect(control.events).toMatchObject([{ failed: true, detail: `${code}: ${thrown.message}` }]);
});

test('arguments of the wrong shape never reach a handler', async () => {
  const control = await opened({});
  const wrong = { filter: { acount: 'gmail' }, includeHeld: false } as never;
  await expect(callDaemon(control.socket, 'queue.flush', wrong)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('acount'),
  });
  await expect(
    callDaemon(control.socket, 'queue.show', { id: '../../etc' as MessageId }),
  ).rejects.toMatchObject({ code: 'invalid', message: 'queue.show.id: is not a message id' });
});

test('nothing that could add a header field or a log line gets in', async () => {
  const control = await opened({});
  const from = 'a@b.example';
  for (const to of ['x@y.example\r\nBcc: z@z.example', '<x@y.example>', 'grüße@y.example', 'x']) {
    await expect(
      callDaemon(control.socket, 'message.send-test', { from, to }),
    ).rejects.toMatchObject({ message: 'message.send-test.to: is not an ASCII mail address' });
  }
  const reason = 'because\nMessage-ID: x';
  await expect(
    callDaemon(control.socket, 'queue.bounce', { filter: {}, reason }),
  ).rejects.toMatchObject({ message: 'queue.bounce.reason: must not hold control characters' });
});

test('an unknown request, also one named like a property of every object, is refused', async () => {
  const control = await opened({});
  for (const name of ['queue.explode', 'toString', '__proto__']) {
    await expect(callDaemon(control.socket, name as 'status', {})).rejects.toMatchObject({
      code: 'protocol',
      message: `unknown request "${name}"`,
    });
  }
});

test('a relayctl of another version is told so and sent away', async () => {
  const control = await opened({});
  const [hello, refusal] = await dialogue(
    control.socket,
    '{"hello":"relayctl 9.9","version":99}\n',
  );
  expect(hello).toMatchObject({ version: 1, hello: expect.stringMatching(/^relayd \d/) });
  expect(refusal).toMatchObject({
    error: { code: 'version', message: expect.stringContaining('relayctl 9.9 speaks 99') },
  });
});

test('a relayd of another version is named, with what to do', async () => {
  const socket = await listening(() => '{"hello":"relayd 9.9","version":99}\n');
  await expect(callDaemon(socket, 'status', {})).rejects.toMatchObject({
    code: 'version',
    exitCode: 76,
    message: expect.stringContaining('use the relayctl that came with that relayd'),
  });
});

test.each([
  ['garbage', 'GET / HTTP/1.1\r\n\r\n'],
  ['no hello', '{"id":1,"request":"status","ask":{}}\n'],
])('%s as a first line is answered by what this socket is for', async (_, bytes) => {
  const control = await opened({});
  const lines = await dialogue(control.socket, bytes);
  expect(lines.at(-1)).toMatchObject({
    error: { code: 'protocol', message: 'this is the control socket of relayd; use relayctl' },
  });
});

test('garbage after the hello costs that line only', async () => {
  const control = await opened({ 'queue.release': async () => ({ recipients: 1, messages: 1 }) });
  const lines = await dialogue(
    control.socket,
    '{"hello":"relayctl 1","version":1}\n{{{\n' +
      '{"id":7,"request":"queue.release","ask":{"filter":{}}}\n',
    3,
  );
  expect(lines[1]).toMatchObject({ id: null, error: { code: 'protocol' } });
  expect(lines[2]).toEqual({ id: 7, answer: { recipients: 1, messages: 1 } });
});

test('a line that is too long ends the connection, with or without its line end', async () => {
  const control = await opened({});
  const hello = '{"hello":"relayctl 1","version":1}\n';
  for (const end of ['', '\n']) {
    const lines = await dialogue(control.socket, hello + 'x'.repeat(requestBytesMax + 1) + end);
    expect(lines.at(-1)).toMatchObject({
      error: {
        code: 'protocol',
        message: expect.stringContaining(`longer than ${requestBytesMax}`),
      },
    });
  }
});

test('a line may come in pieces, in the middle of a character too', async () => {
  const reasons: string[] = [];
  const control = await opened({
    'queue.hold': async ({ reason }) => {
      reasons.push(reason);
      return { recipients: 0, messages: 0 };
    },
  });
  const ask = { filter: {}, reason: 'Überprüfung' };
  const request = Buffer.from(`${JSON.stringify({ id: 1, request: 'queue.hold', ask })}\n`);
  const cut = request.indexOf(0xc3) + 1;
  const hello = Buffer.from('{"hello":"relayctl 1","version":1}\n');
  await dialogue(
    control.socket,
    [hello.subarray(0, 9), hello.subarray(9), request.subarray(0, cut), request.subarray(cut)],
    2,
  );
  expect(reasons).toEqual(['Überprüfung']);
});

test('an answer in parts: each is taken before the next is read, however slow', async () => {
  const part = { base64: 'x'.repeat(64 * 1024) };
  let sent = 0;
  const control = await opened({
    'message.read': async (_, { send }) => {
      for (; sent < 200; sent++) await send(part);
      return { bytes: sent, account: null, recipients: [], otherVersions: 0 };
    },
  });
  const connection = await connectControl(control.socket);
  let taken = 0;
  let aheadMax = 0;
  const answer = await connection.call(
    'message.read',
    { id, what: 'raw', stored: false },
    async () => {
      taken += 1;
      aheadMax = Math.max(aheadMax, sent - taken);
      if (taken === 1) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  );
  expect(answer.bytes).toBe(200);
  expect(taken).toBe(200);
  // What the kernel and both ends hold, not the message.
  expect(aheadMax).toBeLessThan(60);
  expect(await connection.call('queue.release', { filter: {} }).catch(({ code }) => code)).toBe(
    'internal',
  );
  connection.close();
});

test('a client that hangs up in the middle of an answer ends it', async () => {
  const ended = Promise.withResolvers<unknown>();
  const control = await opened({
    'message.read': async (_, { send }) => {
      try {
        for (;;) await send({ base64: 'x'.repeat(64 * 1024) });
      } catch (error) {
        ended.resolve(error);
        throw error;
      }
    },
  });
  const connection = await connectControl(control.socket);
  const asked = connection.call('message.read', { id, what: 'raw', stored: false }, async () =>
    connection.close(),
  );
  await expect(asked).rejects.toMatchObject({ code: 'not-running' });
  expect(await ended.promise).toMatchObject({ code: 'refused', message: 'the client hung up' });
});
