import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startCollector } from '../support/collector.ts';
import { freePort } from '../support/free-port.ts';
import {
  ask,
  daemon,
  idOf,
  mainLogin,
  simpleConfig,
  submit,
  temporaryDirectory,
  upstream,
} from './scene.ts';

const appTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const appSpan = '00f067aa0ba902b7';
const mail = { from: 'a@relay.test', to: 'b@dest.test', subject: 'x', text: 'x' };

/** Several daemons, one after the other. */
const timeout = 60_000;

test('two attempts and a restart are spans of the trace the app began', { timeout }, async () => {
  const server = await upstream({
    accounts: mainLogin,
    rules: [{ at: 'rcpt', times: 1, do: { reply: '450 4.2.1 <b@dest.test> mailbox busy' } }],
  });
  const collector = await startCollector();
  const directory = await temporaryDirectory();
  const tracing = { endpoint: collector.endpoint, headers: { 'X-Api-Key': 'collector-key' } };
  const options = {
    directory,
    config: await simpleConfig(server, {
      observe: { listen: 'off', tracing },
      log: { level: 'debug', addresses: 'domain' },
    }),
    // Nothing but relay.yaml counts.
    environment: { OTEL_EXPORTER_OTLP_HEADERS: 'x-foreign=1' },
  };
  const first = await daemon(options);
  const headers = { traceparent: `00-${appTrace}-${appSpan}-01` };
  const id = idOf(await submit(first.ports[0] ?? 0, { ...mail, headers }));
  await first.event('recipient.settled', ({ outcome }) => outcome === 'deferred');
  for (const name of ['message.accepted', 'attempt.finished', 'recipient.settled'] as const) {
    expect(await first.event(name)).toMatchObject({ id, trace: appTrace });
  }
  expect((await first.relayctl('queue', 'show', id)).stdout).toMatch(`Trace:      ${appTrace}`);
  expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });

  const second = await daemon(options);
  await second.relayctl('queue', 'flush');
  expect(await second.event('message.completed')).toMatchObject({ id, trace: appTrace });
  expect((await second.relayctl('log', 'search', id)).stdout).toContain(`trace ${appTrace}`);
  await second.kill('SIGTERM');

  const { spans } = collector;
  expect(spans.map(({ name }) => name)).toEqual(['accept', 'wait', 'attempt', 'attempt']);
  expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([appTrace]));
  expect(new Set(spans.map(({ parentSpanId }) => parentSpanId))).toEqual(new Set([appSpan]));
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
  const [accept, wait, deferred, delivered] = spans;
  expect(accept?.resource).toMatchObject({ 'service.name': 'relayd', 'host.name': 'relay.test' });
  expect(accept?.attributes).toMatchObject({ 'messaging.message.id': id, 'relayd.client': 'app' });
  // The message was accepted before its 250 was said.
  expect(wait?.startMs).toBeGreaterThanOrEqual(accept?.startMs ?? Number.NaN);
  expect(wait?.startMs).toBeLessThanOrEqual(accept?.endMs ?? Number.NaN);
  expect(wait?.endMs).toBe(deferred?.startMs);
  expect(delivered?.startMs).toBeGreaterThanOrEqual(deferred?.endMs ?? Number.NaN);
  expect(deferred).toMatchObject({
    kind: 3,
    status: { code: 2, message: '450 4.2.1 <*@dest.test> mailbox busy' },
    attributes: {
      'server.address': '127.0.0.1',
      'server.port': server.port,
      'relayd.account': 'main',
      'relayd.attempt': 1,
      'relayd.outcome': 'deferred',
      'relayd.phase': 'rcpt',
      'relayd.reply_code': 450,
      'error.type': 'recipient',
    },
  });
  expect(delivered?.attributes).toMatchObject({
    'relayd.attempt': 2,
    'relayd.outcome': 'delivered',
    'relayd.reason': 'ok',
    'relayd.reply_code': 250,
  });
  expect(JSON.stringify(spans)).not.toContain('b@dest');
  for (const request of collector.requests) {
    expect(request['x-api-key']).toBe('collector-key');
    expect(request['x-foreign']).toBeUndefined();
  }
});

test('a message without a traceparent begins a trace and stays as it came', {
  timeout,
}, async () => {
  const server = await upstream({ accounts: mainLogin });
  const collector = await startCollector();
  const observe = { listen: 'off', tracing: { endpoint: collector.endpoint } };
  const relay = await daemon({ config: await simpleConfig(server, { observe }) });
  const headers = { traceparent: '00-00000000000000000000000000000000-00f067aa0ba902b7-01' };
  const id = idOf(await submit(relay.ports[0] ?? 0, { ...mail, headers }));
  await relay.event('message.completed');
  const shown = await ask<{ history: unknown }>(relay, 'queue', 'show', id);
  await relay.kill('SIGTERM');
  const [accept, wait, attempt] = collector.spans;
  expect(accept?.parentSpanId).toBeUndefined();
  expect([wait, attempt]).toMatchObject([
    { name: 'wait', traceId: accept?.traceId, parentSpanId: accept?.spanId },
    { name: 'attempt', traceId: accept?.traceId, parentSpanId: accept?.spanId },
  ]);
  expect(JSON.stringify(shown.history)).toContain(String(accept?.traceId));
  const [message] = await server.taken(1);
  expect(String(message?.body).match(/^traceparent:.*/gim)).toHaveLength(1);
});

test('an app that does not want its trace sampled gets its id in the log and no spans', {
  timeout,
}, async () => {
  const server = await upstream({ accounts: mainLogin });
  const collector = await startCollector();
  const observe = { listen: 'off', tracing: { endpoint: collector.endpoint, sample: 0 } };
  const relay = await daemon({ config: await simpleConfig(server, { observe }) });
  const [port = 0] = relay.ports;
  await submit(port, { ...mail, headers: { traceparent: `00-${appTrace}-${appSpan}-00` } });
  expect(await relay.event('message.completed')).toMatchObject({ trace: appTrace });
  const untraced = idOf(await submit(port, mail));
  const completed = await relay.event('message.completed', ({ id }) => id === untraced);
  expect(completed).not.toHaveProperty('trace');
  await relay.kill('SIGTERM');
  expect(collector.spans).toEqual([]);
});

test('a collector that is away costs a warning, a metric and no mail', { timeout }, async () => {
  const server = await upstream({ accounts: mainLogin });
  const endpoint = `http://127.0.0.1:${await freePort()}/v1/traces`;
  const port = await freePort();
  const observe = { listen: `127.0.0.1:${port}`, tracing: { endpoint } };
  const relay = await daemon({ config: await simpleConfig(server, { observe }) });
  await submit(relay.ports[0] ?? 0, mail);
  await relay.event('message.completed');
  const failed = await relay.event('tracing.failed');
  expect(failed).toMatchObject({ level: 'warn', endpoint, spans: 3 });
  expect(String(failed.detail)).toContain('ECONNREFUSED');
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toContain('relayd_trace_spans_total{result="failed"} 3');
  await submit(relay.ports[0] ?? 0, mail);
  expect(await relay.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  expect(relay.events.filter(({ event }) => event === 'tracing.failed')).toHaveLength(1);
});

test('off, neither exporter nor SDK of OpenTelemetry is loaded', { timeout }, async () => {
  const server = await upstream({ accounts: mainLogin });
  const { endpoint } = await startCollector();
  const loaded = async (observe: object): Promise<string[]> => {
    const coverage = await temporaryDirectory();
    const config = await simpleConfig(server, { observe: { listen: 'off', ...observe } });
    const relay = await daemon({ config, environment: { NODE_V8_COVERAGE: coverage } });
    await submit(relay.ports[0] ?? 0, mail);
    await relay.event('message.completed');
    await relay.kill('SIGTERM');
    const texts = readdirSync(coverage).map((file) => readFileSync(join(coverage, file), 'utf8'));
    return texts.flatMap((text) =>
      (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
    );
  };
  const off = await loaded({});
  expect(off.filter((url) => url.includes('/src/daemon/'))).not.toEqual([]);
  // prom-client brings the API, which does nothing by itself.
  const ours = /@opentelemetry\/(?!api\/)|otlp/;
  expect(off.filter((url) => ours.test(url))).toEqual([]);
  const on = await loaded({ tracing: { endpoint } });
  expect(on.filter((url) => ours.test(url))).not.toEqual([]);
});
