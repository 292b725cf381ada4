import { readFileSync } from 'node:fs';
import { SMTPServer } from 'smtp-server';
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { afterEach, expect, test, vi } from 'vitest';
import { CommandStream } from '../../../src/submission/command-stream.ts';
import { RelayConnection } from '../../../src/submission/connection.ts';
import { RelayServer } from '../../../src/submission/server.ts';
import { greeted } from './client.ts';
import { plainConfig } from './config.ts';
import { startRelay } from './relay.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Private members of the library that we replace; one that is gone or renamed would silently bring its own back. */
test.each([
  [SMTPConnection, RelayConnection],
  [SMTPStream, CommandStream],
  [SMTPServer, RelayServer],
])('%o still has every member that we override', (theirs, ours) => {
  const own = ['constructor', ...NEW_MEMBERS];
  const overridden = Object.getOwnPropertyNames(ours.prototype).filter((one) => !own.includes(one));
  expect(overridden.length).toBeGreaterThan(1);
  for (const name of overridden) expect(theirs.prototype).toHaveProperty(name);
});

/** Ours alone: the Transport of a session, the reader of a feed, and what the listener asks of its server. */
const NEW_MEMBERS = [
  ...['gone', 'write', 'whenWritable', 'hangUp', 'startTls', 'startData', 'mayXclient', 'xclient'],
  ...['take', 'onEnd', 'onUnreadable'],
  ...['stop', 'endSessions', 'running', 'open', 'destroy'],
];

test('the members that are used as they are still exist', () => {
  for (const name of ['_whenWritable', 'handler_XCLIENT', 'close']) {
    expect(SMTPConnection.prototype).toHaveProperty(name);
  }
  expect(SMTPStream.prototype).toHaveProperty('_write');
  expect(SMTPServer.prototype).toHaveProperty('updateSecureContext');
});

test('the greeting waits for no timer', async () => {
  const relay = await startRelay({ config: plainConfig });
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
  const client = await greeted(relay.port);
  client.close();
  vi.useRealTimers();
  await relay.close();
});

test('the library is the version whose source was read', () => {
  const manifest = new URL('../../../node_modules/smtp-server/package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  expect(version).toBe('3.21.6');
});
