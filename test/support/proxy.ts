import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface ProxyOptions {
  readonly is: 'socks5' | 'http';
  /** `user:password` that it asks for. */
  readonly login?: string;
  /** Sent in place of the answer to the request, followed by the end; empty: it stays silent. */
  readonly answer?: Buffer;
  /** The upstream waits for the client, as with TLS from the first byte on. */
  readonly clientFirst?: boolean;
}

export interface TestProxy {
  readonly port: number;
  /** `host:port` of every way it was asked for, as it was written on the wire. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

type Take = (bytes: number) => Promise<Buffer>;

/** Goes by the port alone: every name leads to this machine, so only the proxy can resolve it. */
export async function startProxy(options: ProxyOptions): Promise<TestProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    let seen: Buffer = Buffer.alloc(0);
    const take: Take = async (bytes) => {
      while (seen.length < bytes) {
        const [piece] = (await once(client, 'data')) as [Buffer];
        seen = Buffer.concat([seen, piece]);
      }
      const taken = seen.subarray(0, bytes);
      seen = seen.subarray(bytes);
      return taken;
    };
    keep(client).on('end', () => client.destroy());
    const talk = options.is === 'socks5' ? socks5 : http;
    void talk(client, take, options).then(
      async (way) => {
        if (way === null) return;
        asked.push(way.target);
        if (options.answer !== undefined) {
          if (options.answer.length > 0) client.end(options.answer);
          return;
        }
        const upstream = keep(connect(Number(way.target.replace(/^.*:/, '')), '127.0.0.1'));
        // One piece with what the upstream says first: the client must not lose it.
        const greeting = options.clientFirst === true ? [] : await once(upstream, 'data');
        client.write(Buffer.concat([way.granted, ...(greeting as Buffer[])]));
        client.pipe(upstream).pipe(client);
      },
      () => client.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface Way {
  readonly target: string;
  readonly granted: Buffer;
}

/** RFC 1928 and RFC 1929; null: refused. */
async function socks5(client: Socket, take: Take, { login }: ProxyOptions): Promise<Way | null> {
  const [, count = 0] = await take(2);
  const methods = await take(count);
  const method = login === undefined ? 0 : 2;
  const known = methods.includes(method);
  client.write(Buffer.from([5, known ? method : 0xff]));
  if (!known) return null;
  if (login !== undefined) {
    const name = await take((await take(2))[1] ?? 0);
    const password = await take((await take(1))[0] ?? 0);
    const right = `${name}:${password}` === login;
    client.write(Buffer.from([1, right ? 0 : 1]));
    if (!right) return null;
  }
  const type = (await take(4))[3];
  const host = type === 3 ? await take((await take(1))[0] ?? 0) : await take(type === 1 ? 4 : 16);
  const port = (await take(2)).readUInt16BE();
  const text = type === 3 ? host.toString() : `${type === 1 ? 'v4' : 'v6'} ${host.toString('hex')}`;
  const bound = Buffer.from([3, 5, ...Buffer.from('proxy'), 0, 1]);
  return { target: `${text}:${port}`, granted: Buffer.concat([Buffer.from([5, 0, 0]), bound]) };
}

/** RFC 9110 section 9.3.6; null: refused. */
async function http(client: Socket, take: Take, { login }: ProxyOptions): Promise<Way | null> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await take(1)).toString();
  const [, target = ''] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
  const [, given] = /\r\nProxy-Authorization: Basic (\S+)\r\n/.exec(head) ?? [];
  const wanted = login === undefined ? undefined : Buffer.from(login).toString('base64');
  if (given === wanted) {
    const granted = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 Go on\r\nVia: test\r\n\r\n';
    return { target, granted: Buffer.from(granted) };
  }
  client.end('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
  return null;
}
