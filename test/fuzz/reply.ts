import { ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { presetNames, replyRulesOf } from '../../src/config/presets.ts';
import { formatReply, parseReply, replyTextMax } from '../../src/mail/reply.ts';
import { classify } from '../../src/policy/classify.ts';
import type { RelayEvent } from '../../src/relay/events.ts';
import type { ReplyRule } from '../../src/relay/reply-rule.ts';
import { makeAccount, makeRig, makeSettings } from '../unit/delivery/harness.ts';
import type { Pieces, Target } from './target.ts';

const phases = ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'end-of-data', 'quit'] as const;

/**
 * An upstream that says anything: piece after piece, each when something was said to it, whatever
 * that was. First what reads replies on their own, then a whole delivery.
 */
export const replyTarget: Target = {
  words: [
    '220 mx.example ESMTP\r\n',
    '250 ',
    '250-',
    '250 2.0.0 Ok\r\n',
    '250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250 8BITMIME\r\n',
    '354 go on\r\n',
    '334 ',
    '421 4.7.0 Try again later, closing connection.\r\n',
    '450 4.2.1 ',
    '452-4.5.3 too many\r\n',
    '535 5.7.8 ',
    '550 5.1.1 no such user <to@example.net>\r\n',
    '550 5.7.1 ',
    '554 5.4.5 Daily user sending limit exceeded. Resets at 2026-11-21T00:00:00Z',
    'Too many messages from ',
    'not allowed to send as <from@example.org>',
    'retry in 99999999999999999999 hours',
    '\r\n',
    '999 ',
    '2',
  ],
  piecesMax: 14,
  async open() {
    const rules = presetNames().map(replyRulesOf);
    const upstream = await sayingServer();
    return {
      async run(pieces) {
        judgeAlone(pieces.join(''), rules);
        upstream.says(pieces);
        await deliver(upstream.port, upstream.heard);
      },
      close: upstream.close,
    };
  },
};

function judgeAlone(raw: string, rules: readonly (readonly ReplyRule[])[]): void {
  const reply = parseReply(raw);
  if (reply === null) return;
  ok(reply.code >= 200 && reply.code <= 599);
  ok(reply.text.length <= replyTextMax + 40, 'the text is not cut');
  ok(!/[\x00-\x1f\x7f-\x9f]/.test(formatReply(reply)), 'a control is left in the text');
  for (const [index, phase] of phases.entries()) {
    const own = rules[(raw.length + index) % rules.length] ?? [];
    const verdict = classify({ phase, reply, recipients: 2, acceptedRecipients: 1 }, own);
    ok(['account', 'message', 'recipient', 'sender'].includes(verdict.scope));
  }
}

async function sayingServer() {
  let left: string[] = [];
  let heard = '';
  const sockets = new Set<Socket>();
  const say = (socket: Socket): void => {
    const next = left.shift();
    if (next === undefined) socket.end();
    else socket.write(Buffer.from(next, 'latin1'));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      say(socket);
    });
    say(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    heard: () => heard,
    says(pieces: Pieces) {
      left = [...pieces];
      heard = '';
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

type Settled = RelayEvent & { readonly is: 'recipient.settled' };

/** Nothing counts as delivered that was not sent, and nothing is lost. */
async function deliver(port: number, heard: () => string): Promise<void> {
  const timeouts = { greetingMs: 100, commandMs: 100, dataMs: 100, endOfDataMs: 100 };
  const rig = makeRig(makeSettings([makeAccount('a', port, { timeouts })]));
  await rig.delivery.resume();
  try {
    const id = await rig.submit({ to: ['to@example.net'] });
    const rests = async (): Promise<boolean> => {
      const { queued } = await rig.store.show(id);
      return queued === null || queued.recipients[0]?.state !== 'leased';
    };
    await rig.until(rests, 'the attempt has ended');
    const { queued, history } = await rig.store.show(id);
    const [outcome] = history?.recipients ?? [];
    ok((queued === null) === (outcome !== undefined), 'in the queue or in the history');
    const ended = rig.events.find((event): event is Settled => event.is === 'recipient.settled');
    if (outcome?.outcome !== 'delivered') return;
    ok(heard().includes('\r\n.\r\n'), `delivered without a final dot: ${JSON.stringify(ended)}`);
  } finally {
    await rig.delivery.drain(0);
  }
}
