import type { Account } from '../../../src/relay/account.ts';
import type { Client } from '../../../src/relay/client.ts';
import type { Message, MessageId } from '../../../src/relay/message.ts';
import type { Route, RouteAction } from '../../../src/relay/route.ts';
import type { QueueSettings } from '../../../src/relay/settings.ts';

export function client(name: string, senders: readonly string[]): Client {
  return { name, senders, password: null, networks: [], rate: null, messageBytesMax: null };
}

export function account(name: string, identities: readonly string[] = []): Account {
  return {
    name,
    identities,
    provider: null,
    host: 'smtp.example',
    port: 587,
    auth: 'auto',
    username: name,
    password: null,
    oauth2: null,
    credentialVersion: '1',
    next: null,
    tls: {
      mode: 'starttls',
      verify: 'full',
      ca: null,
      pins: [],
      servername: 'smtp.example',
      minimum: 'TLSv1.2',
      exception: null,
      certificate: null,
      key: null,
    },
    limits: {
      rate: [],
      connections: 1,
      messagesPerConnection: 1,
      idleMs: 1_000,
      recipients: 100,
      messageBytes: null,
    },
    timeouts: {
      connectMs: 1,
      greetingMs: 1,
      commandMs: 1,
      dataMs: 1,
      endOfDataMs: 1,
    },
    headers: {},
    sourceAddress: null,
    proxy: null,
    at: { file: 'relay.yaml', line: 1, column: 1 },
  };
}

export type GivenRoute = Partial<Omit<Route, 'action'>> & {
  readonly action: RouteAction | readonly string[];
};

/** Routes in order; the action's shorthand is a list of accounts. */
export function routes(...list: readonly GivenRoute[]): Route[] {
  return list.map((given, position) => ({
    sender: null,
    client: null,
    recipient: null,
    header: null,
    lifetimeMs: null,
    index: position + 1,
    line: position + 10,
    ...given,
    action: 'is' in given.action ? given.action : { is: 'accounts', accounts: given.action },
  }));
}

export const queue: QueueSettings = {
  directory: '/var/lib/relayd',
  retryMs: [60_000, 300_000],
  lifetimeMs: 5 * 86_400_000,
  delayWarningMs: 4 * 3_600_000,
  inDoubt: 'retry',
  historyMs: 86_400_000,
};

export function message(given: {
  readonly reversePath: string;
  readonly recipients: readonly (string | { to: string; notify: string | null })[];
  readonly from?: string | null;
  readonly boundAccount?: string | null;
  readonly routeSender?: string | null;
}): Message {
  return {
    id: '0123456789a' as MessageId,
    client: 'app',
    envelope: {
      reversePath: given.reversePath,
      recipients: given.recipients.map((recipient) =>
        typeof recipient === 'string'
          ? { forwardPath: recipient, notify: null, orcpt: null }
          : { forwardPath: recipient.to, notify: recipient.notify, orcpt: null },
      ),
      body: null,
      smtpUtf8: false,
      ret: null,
      envid: null,
    },
    from: given.from ?? null,
    messageIdField: null,
    boundAccount: given.boundAccount ?? null,
    routeSender: given.routeSender ?? null,
    routeHeaders: {},
    acceptedAtMs: 0,
    expiresAtMs: queue.lifetimeMs,
    bytes: 100,
    eightBit: false,
    headerUtf8: false,
  };
}
