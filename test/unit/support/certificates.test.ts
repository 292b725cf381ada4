import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type PeerCertificate } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import {
  makeCa,
  makeCertificate,
  makeSelfSigned,
  type Pair,
  spkiPin,
} from '../../support/certificates.ts';

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Handshakes with a server that holds `pair`; the error code, or null when it was trusted. */
async function handshake(pair: Pair, options: { ca?: string; servername: string }) {
  const server = createServer({ key: pair.key, cert: pair.certificate });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  await once(socket, 'secureConnect');
  const peer: PeerCertificate = socket.getPeerCertificate();
  socket.destroy();
  const error = socket.authorizationError as Error | string | null;
  return { peer, fault: error === null ? null : String(error) };
}

test('a certificate of the CA is trusted for its names', async () => {
  const ca = await makeCa();
  const pair = await makeCertificate(ca, { names: ['mail.example', '127.0.0.1'] });
  const { peer, fault } = await handshake(pair, {
    ca: ca.certificate,
    servername: 'mail.example',
  });
  expect(fault).toBeNull();
  expect(peer.subjectaltname).toBe('DNS:mail.example, IP Address:127.0.0.1');
});

test('the faults that relayd tells apart can be made', async () => {
  const ca = await makeCa();
  const old = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };
  const expired = await makeCertificate(ca, { names: ['mail.example'], ...old });
  const own = await makeSelfSigned({ names: ['mail.example'] });
  const good = await makeCertificate(ca, { names: ['mail.example'] });
  const servername = 'mail.example';
  const faultOf = async (pair: Pair, options: { ca?: string; servername: string }) =>
    (await handshake(pair, options)).fault;
  expect(await faultOf(expired, { ca: ca.certificate, servername })).toBe('CERT_HAS_EXPIRED');
  expect(await faultOf(own, { servername })).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  expect(await faultOf(good, { servername })).toBe('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  const other = await faultOf(good, { ca: ca.certificate, servername: 'other.example' });
  expect(other).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID|altnames/);
});

test('the pin is that of the public key, whatever the certificate around it', async () => {
  const pair = await makeSelfSigned({ names: ['a.example'] });
  expect(spkiPin(pair.certificate)).toMatch(/^[A-Za-z0-9+/]{43}=$/);
});
