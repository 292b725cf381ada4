import { mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { parseListenAddress } from '../../../src/config/listen-address.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { type Observe, type ObserveOptions, openObserve } from '../../../src/observe/http.ts';
import type { ListenAddress } from '../../../src/relay/settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'relayd-http-'));
const running: Observe[] = [];
afterEach(async () => {
  for (const observe of running.splice(0)) await observe.close();
});
afterAll(() => rmSync(directory, { recursive: true }));

const loopback: ListenAddress = { is: 'tcp', host: '127.0.0.1', port: 0 };

async function open(changed: Partial<ObserveOptions> = {}): Promise<RequestOptions> {
  const observe = await openObserve({
    listen: loopback,
    token: null,
    hostname: 'relay.example.org',
    metrics: { contentType: 'text/plain; version=0.0.4', render: async () => 'relayd_up 1\n' },
    notReady: async () => [],
    ...changed,
  });
  running.push(observe);
  const address = parseListenAddress(observe.listen);
  if (address?.is === 'unix') return { socketPath: address.path };
  if (address?.is === 'tcp') return { host: address.host, port: address.port };
  throw new Error(`cannot reach ${observe.listen}`);
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function ask(options: RequestOptions): Promise<Reply> {
  const reply = Promise.withResolvers<Reply>();
  const asked = request({ agent: false, ...options }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    response.on('end', () =>
      reply.resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
    );
  });
  asked.on('error', reply.reject).end();
  return reply.promise;
}

test('/metrics gives the text of the registry under its content type', async () => {
  const { status, headers, text } = await ask({ ...(await open()), path: '/metrics' });
  expect({ status, text }).toEqual({ status: 200, text: 'relayd_up 1\n' });
  expect(headers['content-type']).toBe('text/plain; version=0.0.4');
  expect(headers['cache-control']).toBe('no-store');
});

test('HEAD gives the same header fields and no content', async () => {
  const { status, headers, text } = await ask({
    ...(await open()),
    path: '/metrics',
    method: 'HEAD',
  });
  expect({ status, text, length: headers['content-length'] }).toEqual({
    status: 200,
    text: '',
    length: '12',
  });
});

test('/healthz answers while the event loop turns, /readyz when nothing is missing', async () => {
  const at = await open();
  expect(await ask({ ...at, path: '/healthz' })).toMatchObject({ status: 200, text: 'alive\n' });
  expect(await ask({ ...at, path: '/readyz' })).toMatchObject({ status: 200, text: 'ready\n' });
});

test('/readyz names what is missing', async () => {
  const at = await open({ notReady: async () => ['no listener is open', 'draining'] });
  expect(await ask({ ...at, path: '/readyz' })).toMatchObject({
    status: 503,
    text: 'not ready: no listener is open\nnot ready: draining\n',
  });
  expect(await ask({ ...at, path: '/healthz' })).toMatchObject({ status: 200 });
});

test('a storage that fails to answer is not ready', async () => {
  const at = await open({ notReady: () => Promise.reject(new Error('queue.db: disk I/O error')) });
  expect(await ask({ ...at, path: '/readyz' })).toMatchObject({
    status: 503,
    text: 'not ready: Error: queue.db: disk I/O error\n',
  });
});

test('any other path gets a list of what is there', async () => {
  const { status, text } = await ask({ ...(await open()), path: '/' });
  expect({ status, text }).toEqual({
    status: 404,
    text: 'there is: /metrics /healthz /readyz\n',
  });
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
  const reply = await ask({ ...(await open()), path: '/metrics', method });
  expect(reply).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD', connection: 'close' },
  });
});

test.each([
  ['localhost', 200],
  ['LOCALHOST:9587', 200],
  ['127.0.0.1:9587', 200],
  ['[::1]:9587', 200],
  ['relay.example.org', 200],
  ['relay.example.org.:80', 200],
  ['evil.example', 403],
  ['127.0.0.1.evil.example', 403],
  ['localhost.evil.example:9587', 403],
  ['192.0.2.1', 403],
  ['127.0.0.1@evil.example', 403],
  ['localhost:9587, evil.example', 403],
])('a request for the host %j gets %i', async (host, status) => {
  const reply = await ask({ ...(await open()), path: '/metrics', headers: { Host: host } });
  expect(reply.status).toBe(status);
  if (status === 403) expect(reply.text).not.toContain('relayd_up');
});

test('HTTP/1.0 without a Host field is refused', async () => {
  const at = await open();
  const answer = Promise.withResolvers<string>();
  const socket = connect(Number(at.port), '127.0.0.1', () => {
    socket.write('GET /metrics HTTP/1.0\r\n\r\n');
  });
  socket.setEncoding('utf8').once('data', (text) => answer.resolve(String(text)));
  expect(await answer.promise).toMatch(/^HTTP\/1\.1 403 /);
  socket.destroy();
});

test('off loopback the machine may be asked for by any of its addresses, not by any name', async () => {
  const at = {
    ...(await open({ listen: { is: 'tcp', host: '0.0.0.0', port: 0 } })),
    host: '127.0.0.1',
  };
  expect((await ask({ ...at, path: '/healthz', headers: { Host: '192.0.2.7' } })).status).toBe(200);
  expect((await ask({ ...at, path: '/healthz', headers: { Host: 'evil.example' } })).status).toBe(
    403,
  );
});

test.each([
  ['Bearer s3cret-token', 200],
  ['bearer  s3cret-token', 200],
  ['Bearer s3cret-toke', 401],
  ['Bearer s3cret-token-and-more', 401],
  ['Bearer ', 401],
  ['Basic czNjcmV0LXRva2Vu', 401],
  ['s3cret-token', 401],
  [undefined, 401],
])('with a token set, Authorization %j gets %i', async (authorization, status) => {
  const at = await open({ token: new Secret('s3cret-token') });
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const reply = await ask({ ...at, path, headers });
    expect(reply.status).toBe(status);
    expect(reply.text).not.toContain('s3cret');
    if (status === 401) expect(reply.headers['www-authenticate']).toMatch(/^Bearer/);
  }
});

test('a unix socket serves its group, whatever the Host field says', async () => {
  const path = join(directory, 'observe.sock');
  const at = await open({ listen: { is: 'unix', path } });
  expect((await ask({ ...at, path: '/metrics', headers: { Host: 'whatever' } })).status).toBe(200);
  expect(statSync(path).mode & 0o777).toBe(0o660);
});

test('a socket left behind by a dead daemon is replaced, anything else is left alone', async () => {
  const dead = join(directory, 'dead.sock');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(`${dead}.new`, resolve));
  // Renamed, so that closing does not remove it: what kill -9 leaves behind.
  renameSync(`${dead}.new`, dead);
  const listen: ListenAddress = { is: 'unix', path: dead };
  await expect(open({ listen })).rejects.toThrow(`observe.listen: ${dead} is in use`);
  await new Promise((resolve) => other.close(resolve));
  expect((await ask({ ...(await open({ listen })), path: '/healthz' })).status).toBe(200);

  const file = join(directory, 'precious.txt');
  writeFileSync(file, 'mail');
  await expect(open({ listen: { is: 'unix', path: file } })).rejects.toThrow(/is no socket/);
});

test('a port in use, a missing directory and a foreign address are each said', async () => {
  const at = await open();
  await expect(open({ listen: { ...loopback, port: Number(at.port) } })).rejects.toThrow(
    `observe.listen 127.0.0.1:${at.port}: the port is in use by MainThread (pid ${process.pid})`,
  );
  await expect(
    open({ listen: { is: 'unix', path: join(directory, 'missing', 'x.sock') } }),
  ).rejects.toThrow(/no directory for /);
  await expect(open({ listen: { ...loopback, host: '192.0.2.1' } })).rejects.toThrow(
    /this machine has no such address/,
  );
  await expect(open({ listen: { is: 'systemd', name: 'metrics' } })).rejects.toThrow(
    /systemd passed no socket named metrics/,
  );
});

test('a request with a header of 12 KB is refused and the next one is served', async () => {
  const at = await open();
  const reply = await ask({ ...at, path: '/metrics', headers: { 'X-Long': 'x'.repeat(12_000) } });
  expect(reply.status).toBe(431);
  expect((await ask({ ...at, path: '/metrics' })).status).toBe(200);
});

test('close ends idle and running requests', async () => {
  const at = await open({
    metrics: { contentType: 'text/plain', render: () => new Promise(() => {}) },
  });
  const pending = ask({ ...at, path: '/metrics' });
  const refused = expect(pending).rejects.toThrow();
  await expect.poll(() => running.length).toBe(1);
  await ask({ ...at, path: '/healthz' });
  await running.pop()?.close();
  await refused;
});

test('a site answers all but the three paths, behind the same look at the Host field', async () => {
  const closed: string[] = [];
  const site = {
    answer: async (request: IncomingMessage, response: ServerResponse) => {
      response.end(`site ${request.method} ${request.url}`);
    },
    close: () => void closed.push('site'),
  };
  const at = await open({ site, token: new Secret('s') });
  expect(await ask({ ...at, path: '/queue?x=1' })).toMatchObject({ text: 'site GET /queue?x=1' });
  expect(await ask({ ...at, path: '/', method: 'POST' })).toMatchObject({ text: 'site POST /' });
  // It has a login of its own; what programs read has not.
  expect((await ask({ ...at, path: '/metrics' })).status).toBe(401);
  const elsewhere = { ...at, path: '/', headers: { Host: 'evil.example' } };
  expect((await ask(elsewhere)).status).toBe(403);
  await running.pop()?.close();
  expect(closed).toEqual(['site']);
});
