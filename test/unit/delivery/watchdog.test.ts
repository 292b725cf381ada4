import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { UpstreamSession } from '../../../src/delivery/session.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';

const minuteMs = 60_000;

let upstream: Upstream;
let socket: Socket;
let session: UpstreamSession;

beforeEach(async () => {
  upstream = await startUpstream({ tls: 'none' });
  socket = connect(upstream.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  session = new UpstreamSession({
    library: { connection: socket, host: '127.0.0.1', name: 'relay.test', ignoreTLS: true },
    timeouts: { greetingMs: minuteMs, commandMs: minuteMs, connectMs: minuteMs },
    inspect: () => null,
    secrets: [],
  });
});

afterEach(async () => {
  vi.useRealTimers();
  session.rest();
  socket.destroy();
  await upstream.close();
});

/** Something happens every two minutes, so that no phase ever takes its full three. */
function trickle(minutes: number): void {
  for (let passed = 0; passed < minutes; passed += 2) {
    session.enter('data', 3 * minuteMs);
    vi.advanceTimersByTime(2 * minuteMs);
  }
}

test('what goes on within every deadline is ended after 20 minutes in all', () => {
  trickle(18);
  expect(session.broken).toBeNull();
  session.enter('data', 3 * minuteMs);
  vi.advanceTimersByTime(2 * minuteMs - 1);
  expect(session.broken).toBeNull();
  vi.advanceTimersByTime(1);
  expect(session.broken).toEqual({
    from: 'network',
    phase: 'data',
    fault: 'timeout',
    detail: 'not done within 20m',
  });
});

test('a new transaction has its own 20 minutes', () => {
  trickle(18);
  session.limit();
  trickle(18);
  expect(session.broken).toBeNull();
});

test('a phase that takes too long ends by its own deadline', () => {
  session.enter('rcpt', minuteMs);
  vi.advanceTimersByTime(minuteMs);
  expect(session.broken).toMatchObject({ phase: 'rcpt', detail: 'no answer within 1m' });
});

test('nothing is cut while nothing runs', () => {
  session.rest();
  vi.advanceTimersByTime(60 * minuteMs);
  expect(session.broken).toBeNull();
});
