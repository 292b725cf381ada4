import { expect, test } from 'vitest';
import { ControlError } from '../../../src/control/wire.ts';
import {
  account,
  heldAccount,
  hour,
  message,
  messageId,
  nowMs,
  recipient,
  relayctl,
} from './harness.ts';

const shop = {
  sender: 'shop@b.example',
  detail: '554 Message rejected: Email address is not verified.',
  hint: 'Verify the address or its domain there.',
  sinceMs: nowMs - 3 * hour,
};
const ses = account({ name: 'ses', heldSenders: [shop] });

test('account list and show name the sender, the words of the provider and the hint', async () => {
  const list = await relayctl('account list', {
    daemon: { 'account.list': async () => ({ accounts: [ses] }) },
    columns: 80,
  });
  expect(list.out).toContain('\n  may not send as shop@b.example\n');
  const at = { file: '/etc/relayd/relay.yaml', line: 5 };
  const rest = {
    ...{ routes: [], identities: [], tls: 'none', exception: null, certificate: null, at },
    credentials: [],
    ...{ handsOverTo: [], standsInFor: [] },
  };
  const show = await relayctl('account show ses', {
    daemon: { 'account.show': async () => ({ account: ses, ...rest }) },
  });
  expect(show.out).toMatch(
    /^Held sender: +shop@b.example for 3h: 554 Message rejected: Email address is not verified.$/m,
  );
  expect(show.out).toMatch(/^Hint: +Verify the address or its domain there.$/m);
});

test('queue show says what sets the message going', async () => {
  const queued = {
    message: { ...message(), from: 'Shop@b.example' },
    recipients: [recipient({ lane: 'ses', state: 'held', lastReason: 'sender' })],
  };
  const { out } = await relayctl(`queue show ${messageId}`, {
    daemon: {
      'queue.show': async () => ({ queued, history: null, standIns: [] }),
      'account.list': async () => ({ accounts: [ses, account()] }),
    },
  });
  expect(out).toContain(
    'Account ses may not send as shop@b.example. Verify the address or its domain there.\n' +
      '  When it is mended: relayctl account resume ses --sender shop@b.example\n',
  );
});

const flushed = { recipients: 2, messages: 1, accountsResumed: [], lanes: ['ses'] };

test('account resume --sender lets one sender go', async () => {
  const daemon = {
    'account.resume': async () => ({ was: ses.state, flushed, senders: ['shop@b.example'] }),
  };
  const ran = await relayctl('account resume ses --sender shop@b.example', { daemon });
  expect(ran.asked).toEqual([['account.resume', { name: 'ses', sender: 'shop@b.example' }]]);
  expect(ran.out).toBe(
    'Sender shop@b.example is tried again.\n' +
      'Set in motion: 2 recipients of 1 message through ses.\n',
  );
  const all = await relayctl('account resume ses', { daemon });
  expect(all.asked).toEqual([['account.resume', { name: 'ses' }]]);
  expect(all.out).toContain('Account ses is open (it was open).\nSender shop@b.example is tried');
});

test('an account that is held as well is said', async () => {
  const daemon = {
    'account.resume': async () => ({ was: heldAccount.state, flushed, senders: [] }),
  };
  const { out } = await relayctl('account resume ses --sender shop@b.example', { daemon });
  expect(out).toMatch(/The account itself is held: credentials: 535 .*\n$/);
});

test('a sender that is not held is an error', async () => {
  const daemon = {
    'account.resume': async () => {
      throw new ControlError('not-found', 'x@b.example is not held for account ses; nobody is');
    },
  };
  const ran = await relayctl('account resume ses --sender x@b.example', { daemon });
  expect(ran).toMatchObject({ exitCode: 65, err: expect.stringContaining('nobody is') });
});
