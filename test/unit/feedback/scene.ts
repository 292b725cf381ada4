import { generateKeyPairSync } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { openReceiver, type ReceiverDeps } from '../../../src/feedback/receiver.ts';
import { Suppressions } from '../../../src/feedback/suppressions.ts';
import { Secret } from '../../../src/lib/secret.ts';
import type { RelayEvent } from '../../../src/relay/events.ts';
import type { MessageId } from '../../../src/relay/message.ts';
import type { ListenAddress, Settings } from '../../../src/relay/settings.ts';
import { attempt, becomes, delivered, leased, leaseOf } from '../../contract/fixtures.ts';
import { openMemoryStore } from '../../contract/memory-store.ts';
import { type SignedPost, sendgridKeys, topic } from '../../support/feedback-posts.ts';

export const snsKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const gridKeys = sendgridKeys();
const secrets = {
  mailgun: 'mailgun-key',
  postmark: 'hook:postmark-password',
  brevo: 'brevo-token',
};

export interface Scene {
  readonly store: ReturnType<typeof openMemoryStore>;
  readonly suppressions: Suppressions;
  readonly events: readonly RelayEvent[];
  readonly port: number;
  readonly secrets: typeof secrets;
  /** Calls to SNS to confirm a subscription. */
  readonly confirmed: readonly string[];
  aheadMs: number;
  suppression: Settings['suppression'];
  post(post: SignedPost): Promise<number>;
  /** A message that an account has delivered. */
  sent(given: {
    to?: readonly string[];
    providerId?: string;
    messageIdField?: string;
    account?: string;
  }): Promise<MessageId>;
}

const standard: Settings['suppression'] = {
  action: 'refuse',
  scope: 'account',
  bounceMs: 86_400_000,
  complaintMs: 'forever',
};

/** The receiver with every provider, over a queue in memory. */
export async function openScene(more: Partial<ReceiverDeps> = {}): Promise<Scene> {
  const events: RelayEvent[] = [];
  const confirmed: string[] = [];
  const live = { aheadMs: 0, suppression: standard };
  const clock = (): number => Date.now() + live.aheadMs;
  const store = openMemoryStore(clock);
  const suppressions = new Suppressions({ store, clock });
  const settings = (): Settings =>
    ({
      accounts: new Map(),
      suppression: live.suppression,
      feedback: {
        listen: { is: 'tcp', host: '127.0.0.1', port: 0 },
        ses: { topics: [topic] },
        sendgrid: {
          publicKey: `-----BEGIN PUBLIC KEY-----\n${gridKeys.publicKey}\n-----END PUBLIC KEY-----`,
        },
        mailgun: { signingKey: new Secret(secrets.mailgun) },
        postmark: { username: 'hook', password: new Secret('postmark-password') },
        brevo: { token: new Secret(secrets.brevo) },
      },
    }) as unknown as Settings;
  const receiver = await openReceiver(
    { is: 'tcp', host: '127.0.0.1', port: 0 },
    {
      ...{ settings, store, suppressions, clock },
      emit: (event) => void events.push(event),
      sns: {
        keyAt: async () => snsKeys.publicKey,
        confirm: async (url) => {
          confirmed.push(url);
          return true;
        },
      },
      bind: listenLocally,
      ...more,
    },
  );
  onTestFinished(() => receiver.close());
  const port = Number(/:(\d+)$/.exec(receiver.listen)?.[1]);
  return Object.assign(live, {
    ...{ store, suppressions, events, port, secrets, confirmed },
    async post({ path, headers, body }: SignedPost) {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers,
        body,
      });
      await answer.text();
      return answer.status;
    },
    async sent({ to = ['kim@example.net'], providerId, messageIdField, account = 'main' }) {
      const one = leased({ to });
      const message = {
        ...one.message,
        ...(messageIdField === undefined ? {} : { messageIdField }),
      };
      await store.accept([{ ...one, message }]);
      const result = {
        outcome: 'delivered',
        text: '250 Ok',
        ...(providerId && { providerId }),
      } as const;
      const results = to.map((_, index) => ({ index, ...result }));
      await store.settle({
        id: message.id,
        lease: leaseOf(),
        recipients: to.map((_, index) => becomes(index, delivered)),
        attempt: { ...attempt(), account, results },
        notifications: [],
      });
      return message.id;
    },
  } satisfies Omit<Scene, 'aheadMs' | 'suppression'>);
}

async function listenLocally(server: Server, listen: ListenAddress): Promise<ListenAddress> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return listen.is === 'tcp' ? { ...listen, port } : listen;
}
