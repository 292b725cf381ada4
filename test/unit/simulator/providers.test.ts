import { expect, test } from 'vitest';
import { readPreset, replyRulesOf } from '../../../src/config/presets.ts';
import { parseReply } from '../../../src/mail/reply.ts';
import { explain } from '../../../src/policy/classify.ts';
import { makeMeter } from '../../simulator/meter.ts';
import { WALLS } from '../../simulator/provider.ts';
import { PROVIDERS, type ProviderName } from '../../simulator/providers.ts';

const names = Object.keys(PROVIDERS) as ProviderName[];
const meter = makeMeter({ amount: 5, perMs: 60_000, as: 'rolling' });

/** As it comes over the wire. */
function parsed(reply: string) {
  const [code = ''] = reply.split(' ', 1);
  return parseReply(reply.replaceAll('\n', `\r\n${code} `));
}

test.each(names)('every refusal of %s is one that its own rules know', (name) => {
  const { walls } = PROVIDERS[name];
  const unknown = WALLS.filter((wall) => walls[wall] !== undefined).filter((wall) => {
    const { at, reply } = walls[wall] ?? { at: 'auth', reply: () => '' };
    const facts = { username: 'erp@shop.example', named: ['a@b.example'], meter, nowMs: 0 };
    const said = parsed(reply(facts));
    if (said === null || at === 'rset') return true;
    const seen = { phase: at, reply: said, recipients: 2, acceptedRecipients: 1 };
    return explain(seen, replyRulesOf(name)).rule === null;
  });
  expect(unknown).toEqual([]);
});

test.each(names)(
  'what %s says when it takes a message carries the id that the preset reads',
  (name) => {
    const { id } = readPreset(name) ?? {};
    const reply = PROVIDERS[name].accepts({ sequence: 7, messageId: '1@shop.example' });
    if (id === undefined) expect(reply).toBe('250 Great success');
    else expect(reply).toMatch(new RegExp(id.pattern, 'i'));
  },
);
