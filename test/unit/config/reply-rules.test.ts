import { describe, expect, test } from 'vitest';
import {
  presetNames,
  readPreset,
  regionOfHost,
  replyRulesOf,
} from '../../../src/config/presets.ts';
import { replyRuleSchema } from '../../../src/config/reply-rules.ts';
import { formatReply, parseReply } from '../../../src/mail/reply.ts';
import { explain } from '../../../src/policy/classify.ts';
import { mayFailOver } from '../../../src/policy/verdicts.ts';
import type { Phase } from '../../../src/relay/outcome.ts';
import type { Action } from '../../../src/relay/reply-rule.ts';

function explained(
  provider: string,
  { phase, reply: raw }: { readonly phase: Phase; readonly reply: string },
) {
  const reply = parseReply(raw);
  if (reply === null) throw new Error(`not a reply: ${raw}`);
  const seen = {
    phase,
    reply,
    recipients: 2,
    acceptedRecipients: ['data', 'end-of-data'].includes(phase) ? 2 : 0,
    senders: ['erp@velosi.example'],
    recipient: 'r1@b.example',
  };
  return { reply, ...explain(seen, replyRulesOf(provider)) };
}

/** Scope and action that may come of what a rule asks for. */
const MEANS: Readonly<Record<Action, RegExp>> = {
  retry: /^(?:recipient|message) retry$/,
  bounce: /^(?:recipient|message) bounce$/,
  'bounce-recipient': /^(?:recipient bounce|message split)$/,
  'bounce-at-rcpt': /^(?:recipient bounce|message retry)$/,
  split: /^message split$/,
  'split-if-accepted': /^message split$/,
  'reconnect-then-retry': /^message reconnect$/,
  'reconnect-then-bounce': /^message reconnect$/,
  'reconnect-then-pause': /^message reconnect$/,
  throttle: /^account pause$/,
  'fewer-connections': /^account pause$/,
  pause: /^account pause$/,
  'pause-policy': /^account pause$/,
  'pause-flood': /^account pause$/,
  'pause-quota': /^account pause$/,
  'pause-until': /^account pause$/,
  'pause-until-hour': /^account pause$/,
  'hold-account': /^account hold$/,
  'hold-sender': /^sender hold$/,
  'retry-then-hold-sender': /^message retry$/,
  'refused-identities': /^sender hold$/,
};

describe.each(presetNames())('%s', (name) => {
  const data = readPreset(name)?.reply_rules ?? [];
  const rules = replyRulesOf(name);

  test('its rules are there, or are those of a preset that has some', () => {
    if (typeof data === 'string') expect(rules).toBe(replyRulesOf(data));
    else expect(rules).toHaveLength(data.length);
    expect(replyRulesOf(name)).toBe(rules);
  });

  const samples = (typeof data === 'string' ? [] : data).flatMap((rule, index) =>
    rule.samples.map((sample) => [index, sample.phase, sample.reply] as const),
  );
  if (samples.length === 0) return;
  test.each(samples)('rule %i decides %s %s', (index, phase, raw) => {
    const { rule, verdict } = explained(name, { phase, reply: raw });
    expect(rule === null ? null : rules.indexOf(rule)).toBe(index);
    const [action, reason, hint, particulars] = rules[index]?.judgement ?? ['retry', null];
    expect(`${verdict.scope} ${verdict.action}`).toMatch(MEANS[action]);
    if (reason !== null) expect(verdict.reason).toBe(reason);
    if ('hint' in verdict) expect(verdict.hint).toMatch(/\w{3}.*\.$/);
    if ('hint' in verdict && hint !== undefined) expect(verdict.hint).toBe(hint);
    if (particulars?.waitsMs !== undefined) {
      expect(verdict).toHaveProperty('waitsMs', particulars.waitsMs);
    }
    if (particulars?.mayFailOver !== undefined) {
      expect(mayFailOver(verdict)).toBe(particulars.mayFailOver);
    }
  });
});

test('a broken expression, an unknown action and a rule without sample are refused', () => {
  const good = { action: 'retry', samples: [{ phase: 'rcpt', reply: '450 no' }] };
  expect(replyRuleSchema.safeParse(good).success).toBe(true);
  for (const wrong of [{ text: '(' }, { action: 'panic' }, { samples: [] }, { status: '5.1.1' }]) {
    expect(replyRuleSchema.safeParse({ ...good, ...wrong }).success).toBe(false);
  }
});

test.each(presetNames().filter((name) => readPreset(name)?.id !== undefined))(
  '%s: its id is found in its last reply, as the wire and as a log have it',
  (name) => {
    const id = readPreset(name)?.id;
    const reply = parseReply(id?.sample ?? '');
    if (id === undefined || reply === null) throw new Error('no id');
    for (const text of [id.sample, formatReply(reply)]) {
      expect(new RegExp(id.pattern, 'i').exec(text)?.[1]).toBe(id.is);
    }
  },
);

test('hosts of SES name their region: FIPS, dual-stack, China, VPC endpoints', () => {
  const ses = readPreset('ses');
  if (ses === null) throw new Error('no preset');
  const samples = ses.host_pattern?.samples ?? [];
  expect(samples.map((host) => regionOfHost(ses, host))).toEqual([
    'eu-west-3',
    'us-gov-west-1',
    'eu-west-1',
    'cn-north-1',
    'us-east-1',
  ]);
  expect(regionOfHost(ses, 'email-smtp.us-east-1.amazonaws.com.evil.example')).toBeNull();
  expect(regionOfHost(ses, 'inp-1.us-east-1.mail-manager-smtp.amazonaws.com')).toBeNull();
});
