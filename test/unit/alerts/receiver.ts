import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import type { AlertPayload } from '../../../src/policy/alert-payload.ts';
import type { Pair } from '../../support/certificates.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  payloads(): AlertPayload[];
  /** Status of the answers to come; null: none comes. */
  answer(status: number | null): void;
}

/** An HTTP server that keeps what it is told, with a certificate over TLS; closed when the test ends. */
export async function startReceiver(
  path = '/hook/token',
  at = 0,
  tls: Pair | null = null,
): Promise<Receiver> {
  const received: Received[] = [];
  let status: number | null = 204;
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      if (status !== null) response.writeHead(status, { location: '/elsewhere' }).end();
    });
  };
  const server =
    tls === null
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate, key: tls.key }, listener);
  await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}${path}`,
    port,
    received,
    payloads: () => received.map(({ body }) => JSON.parse(body) as AlertPayload),
    answer: (next) => {
      status = next;
    },
  };
}

/** As the documentation tells receivers to check it. */
export function isSigned({ headers, body }: Received, secret: string): boolean {
  const [, t = '', v1] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['x-relayd-signature'])) ?? [];
  return v1 === createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
}

/** What comes by itself, on a machine that has other things to do as well. */
export function soon<T>(look: () => T) {
  return expect.poll(look, { timeout: 15_000 });
}
