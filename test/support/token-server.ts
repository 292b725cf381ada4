import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TokenReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a text is sent as it is. */
  readonly body: unknown;
}

export interface TokenServer {
  readonly url: string;
  /** Of RFC 8628; the same answers. */
  readonly deviceUrl: string;
  /** The form fields of every request, in order. */
  readonly requests: readonly Readonly<Record<string, string>>[];
  /** What is answered from now on; `null`: nothing at all. */
  answer: (form: Readonly<Record<string, string>>, count: number) => TokenReply | null;
  close(): Promise<void>;
}

/** An OAuth 2.0 token endpoint that hands out `token-1`, `token-2`, ... unless it is told otherwise. */
export async function startTokenServer(): Promise<TokenServer> {
  const requests: Record<string, string>[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    requests.push(form);
    const reply = tokenServer.answer(form, requests.length);
    if (reply === null) return;
    response.writeHead(reply.status ?? 200, {
      'content-type': 'application/json',
      ...reply.headers,
    });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const tokenServer: TokenServer = {
    url: `http://127.0.0.1:${port}/token`,
    deviceUrl: `http://127.0.0.1:${port}/device`,
    requests,
    answer: (_form, count) => ({
      body: { access_token: `token-${count}`, token_type: 'Bearer', expires_in: 3600 },
    }),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return tokenServer;
}
