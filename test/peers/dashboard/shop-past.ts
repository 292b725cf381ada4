import type { EventSink, RelayEvent } from '../../../src/relay/events.ts';
import type { MessageId } from '../../../src/relay/message.ts';

/** A day of the invented shop, minute by minute, as the events that it would have been. */

const minute = 60_000;
const minutes = 24 * 60;

/** The same day whenever it is asked for. */
function dice(): () => number {
  let state = 20_261_121;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

export interface Past {
  readonly nowMs: number;
  /** Moves the clock that the sinks read. */
  readonly at: (nowMs: number) => void;
  readonly sink: EventSink;
  readonly look: () => Promise<void>;
}

export async function passDay({ nowMs, at, sink, look }: Past): Promise<void> {
  const roll = dice();
  for (let ago = minutes; ago >= 0; ago--) {
    at(nowMs - ago * minute);
    const hour = new Date(nowMs - ago * minute).getUTCHours();
    const busy = 0.35 + 0.65 * Math.max(0, Math.sin(((hour - 5) / 19) * Math.PI));
    // A newsletter went out some hours ago, and one is stuck since its account is held.
    const letter = ago > 300 && ago < 330 ? 90 : 0;
    if (ago % 7 === 3) sink(deferred('shop', 'upstream', greylisted));
    if (ago % 160 === 20) sink(bounced('550 5.1.1 The email account does not exist'));
    if (ago === 41) sink(deferred('info', 'quota', '550 5.4.5 Daily user sending limit exceeded'));
    if (ago === 52) sink(deferred('newsletter', 'credentials', refused));
    if (ago === 88) sink(wrongLogin);
    const mails = Math.round((70 + 45 * roll() + letter) * busy);
    for (let index = 0; index < mails; index++) oneMail(sink, roll);
    if (ago < 60 ? ago % 2 === 0 : ago % 20 === 0) await look();
  }
  at(nowMs);
}

const greylisted = '450 4.2.0 Greylisted, please try again';
const refused = '535 Authentication failed';

const wrongLogin: RelayEvent = {
  is: 'login.failed',
  client: 'cron',
  remote: '127.0.0.1',
  mechanism: 'PLAIN',
  known: true,
};

const clients: readonly (readonly [string, number])[] = [
  ['webshop', 0.62],
  ['erp', 0.78],
  ['wordpress', 0.88],
  ['newsletter', 0.95],
  ['nextcloud', 0.99],
  ['cron', 1],
];

function oneMail(sink: EventSink, roll: () => number): void {
  const share = roll();
  const [client] = clients.find(([, until]) => share < until) ?? ['webshop'];
  const account = client === 'erp' ? 'billing' : 'shop';
  sink({
    is: 'message.accepted',
    id: id(),
    client,
    reversePath: `${client}@velosi.example`,
    recipients: 1,
    bytes: Math.round(4_000 + 40_000 * roll()),
    lane: account,
    messageIdField: null,
    protocol: 'ESMTPA',
    remote: '127.0.0.1',
    tookMs: 2,
  });
  const waitedMs = roll() < 0.97 ? 180 + 260 * roll() : 700 + 900 * roll();
  sink(settled(account, { outcome: 'delivered', reason: 'ok', text: reply(account), waitedMs }));
}

const reply = (account: string): string =>
  account === 'shop' ? '250 Ok 0102019284c1f7aa-4c8a2d1e-000000' : '250 Great success';

const id = (): MessageId => '1n8f3k2x0q4' as MessageId;

type Settled = Extract<RelayEvent, { is: 'recipient.settled' }>;

function settled(
  account: string,
  own: Pick<Settled, 'outcome' | 'reason' | 'text' | 'waitedMs'>,
): Settled {
  return {
    is: 'recipient.settled',
    id: id(),
    account,
    recipient: 'ada@reader.example',
    authenticatedAs: account,
    peer: 'smtp.example.net:587',
    tls: 'TLSv1.3 TLS_AES_256_GCM_SHA384',
    attempts: 1,
    nextAtMs: null,
    ...own,
  };
}

function deferred(account: string, reason: Settled['reason'], text: string): Settled {
  return settled(account, { outcome: 'deferred', reason, text, waitedMs: 900 });
}

function bounced(text: string): Settled {
  return settled('shop', { outcome: 'bounced', reason: 'recipient', text, waitedMs: 700 });
}
