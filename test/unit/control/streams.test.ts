import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectControl } from '../../../src/control/client.ts';
import { type Control, openControl } from '../../../src/control/server.ts';
import type { TraceLineReport } from '../../../src/control/steering-reports.ts';
import { ControlError, type ControlHandlers } from '../../../src/control/wire.ts';
import { handlersOf, temporaryDirectory } from './fixtures.ts';

async function opened(some: Partial<ControlHandlers>): Promise<Control> {
  const socket = join(temporaryDirectory(), 'control.sock');
  const control = await openControl({ socket, handlers: handlersOf(some), emit: () => {} });
  onTestFinished(() => control.close());
  return control;
}

const line = (text: string): TraceLineReport => ({
  atMs: 5,
  account: 'a',
  connection: 1,
  is: 'sent',
  text,
});
const ask = { account: null, forMs: 1_000 };
const ended = { lines: 2, dropped: 0, why: 'time' } as const;

test('parts come in order, then the answer; the connection is good for more', async () => {
  const control = await opened({
    trace: async (_, outlet) => {
      expect(outlet.offer(line('one'))).toBe(true);
      await new Promise(setImmediate);
      expect(outlet.offer(line('two'))).toBe(true);
      return ended;
    },
    'hold.list': async () => ({ rules: [] }),
  });
  const connection = await connectControl(control.socket);
  const parts: string[] = [];
  const on = ({ text }: TraceLineReport) => void parts.push(text);
  expect(await connection.call('trace', ask, on, 5_000)).toEqual(ended);
  expect(parts).toEqual(['one', 'two']);
  expect(await connection.call('hold.list', {})).toEqual({ rules: [] });
  connection.close();
});

test('a client that hangs up ends the work for it', async () => {
  const over = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const control = await opened({
    trace: async (_, outlet) => {
      outlet.over().addEventListener('abort', () => over.resolve());
      begun.resolve();
      await over.promise;
      return ended;
    },
  });
  const connection = await connectControl(control.socket);
  const following = connection.call('trace', ask, undefined, 5_000);
  await begun.promise;
  connection.close();
  await expect(following).rejects.toMatchObject({ code: 'not-running' });
  await over.promise;
});

test('a daemon that stops says so and gives the answer', async () => {
  const begun = Promise.withResolvers<void>();
  const control = await opened({
    trace: async (_, outlet) => {
      begun.resolve();
      await new Promise((resolve) => outlet.over().addEventListener('abort', resolve));
      return { ...ended, why: 'stopping' };
    },
  });
  const connection = await connectControl(control.socket);
  const following = connection.call('trace', ask, undefined, 5_000);
  await begun.promise;
  const closed = control.close();
  expect(await following).toMatchObject({ why: 'stopping' });
  await closed;
});

test('a reader that is too slow loses parts, not the daemon its memory', async () => {
  const counted = Promise.withResolvers<{ sent: number; dropped: number }>();
  const control = await opened({
    trace: async (_, outlet) => {
      const counts = { sent: 0, dropped: 0 };
      const text = 'x'.repeat(100_000);
      for (let n = 0; n < 100; n++) counts[outlet.offer(line(text)) ? 'sent' : 'dropped']++;
      counted.resolve(counts);
      return ended;
    },
  });
  const peer = connect(control.socket);
  onTestFinished(() => void peer.destroy());
  peer.pause();
  peer.write('{"hello":"t","version":1}\n');
  peer.write(`{"id":1,"request":"trace","ask":${JSON.stringify(ask)}}\n`);
  const { sent, dropped } = await counted.promise;
  expect(sent).toBeLessThan(20);
  expect(dropped).toBe(100 - sent);
});

test.each([
  [{ account: null, forMs: 0 }, 'trace.forMs'],
  [{ account: null, forMs: 3_600_001 }, 'trace.forMs'],
  [{ account: '', forMs: 5 }, 'trace.account'],
])('%j is refused', async (wrong, place) => {
  const control = await opened({});
  const connection = await connectControl(control.socket);
  onTestFinished(() => connection.close());
  await expect(connection.call('trace', wrong, undefined, 5_000)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining(place),
  });
});

test('a refusal is one as with any request', async () => {
  const control = await opened({
    trace: () => {
      throw new ControlError('not-found', 'no account x');
    },
  });
  const connection = await connectControl(control.socket);
  onTestFinished(() => connection.close());
  await expect(connection.call('trace', ask, undefined, 5_000)).rejects.toMatchObject({
    code: 'not-found',
    exitCode: 65,
  });
});

test.each(['staging.example', '', 'a b', 'x@'])('a hold rule for %j is refused', async (sender) => {
  const control = await opened({});
  const connection = await connectControl(control.socket);
  onTestFinished(() => connection.close());
  const scope = { sender, client: null, recipient: null, account: null };
  await expect(
    connection.call('hold.add', { ...scope, reason: 'x', forMs: null, keep: false }),
  ).rejects.toMatchObject({
    code: 'invalid',
    message: 'hold.add.sender: is no address and no @domain',
  });
});
