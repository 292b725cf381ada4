import { type Command, InvalidArgumentError, Option } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { formatReply, parseReply, type Reply } from '../mail/reply.ts';
import type { Phase, Verdict } from '../relay/outcome.ts';
import type { ReplyRule } from '../relay/reply-rule.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { unknownProvider } from './provider.ts';
import { readPath } from './route.ts';
import { actionText, ruleText } from './rule-text.ts';
import { facts } from './table.ts';

const PHASES = [
  'greeting',
  'ehlo',
  'starttls',
  'auth',
  'mail',
  'rcpt',
  'data',
  'end-of-data',
] as const satisfies readonly Phase[];

/** `relayctl reply ...` */
export function addReply(program: Command, context: Context): void {
  const reply = noun(program, 'reply', "see what an upstream's replies mean to relayd");
  const explain = reply
    .command('explain')
    .description('say which rule reads a reply, whom it concerns and what relayd does')
    .argument('<reply>', 'the reply in quotes, from the log or `queue show`', readRefusal)
    .option('--provider <name>', 'read it by the rules of this provider first')
    .addOption(
      new Option('--phase <phase>', 'what it answered').choices(PHASES).makeOptionMandatory(),
    )
    .option('--from <address>', 'the sender, for replies that list addresses', readPath)
    .option('--to <address>', 'the recipient, for replies that list addresses', readPath);
  annotate(explain, {
    examples: [
      [
        'reply explain --provider gmail --phase rcpt "550 5.4.5 Daily user sending limit exceeded"',
        'Needs no daemon.',
      ],
    ],
    json: '{provider, phase, reply, rule: {number, text, action} | null, verdict: {scope, action, ...}, mayFailOver}',
  });
  onAction(explain, context, async (invocation) => {
    const report = await explained(invocation);
    invocation.print(report, () => renderReport(report));
    return EX_OK;
  });
}

interface Report {
  readonly provider: string | null;
  readonly phase: Phase;
  readonly reply: string;
  /** Of the provider's, in their order from 1; null: the generic rules decided. */
  readonly rule: {
    readonly number: number;
    readonly text: string | null;
    readonly action: string;
  } | null;
  readonly verdict: Verdict;
  readonly mayFailOver: boolean;
}

async function explained({ args, options }: Invocation): Promise<Report> {
  const provider = (options.provider as string | undefined) ?? null;
  const phase = options.phase as Phase;
  const reply = args[0] as Reply;
  const [{ explain }, { mayFailOver }] = await Promise.all([
    import('../policy/classify.ts'),
    import('../policy/verdicts.ts'),
  ]);
  const rules = provider === null ? [] : await rulesOf(provider);
  const afterRcpt = phase === 'data' || phase === 'end-of-data';
  const seen = {
    phase,
    reply,
    recipients: 1,
    acceptedRecipients: afterRcpt ? 1 : 0,
    ...(options.from === undefined ? {} : { senders: [String(options.from)] }),
    ...(options.to === undefined ? {} : { recipient: String(options.to) }),
  };
  const { verdict, rule } = explain(seen, rules);
  return {
    provider,
    phase,
    reply: formatReply(reply),
    rule: rule === null ? null : describe(rule, rules),
    verdict,
    mayFailOver: mayFailOver(verdict),
  };
}

async function rulesOf(provider: string): Promise<readonly ReplyRule[]> {
  const { presetNames, replyRulesOf } = await import('../config/presets.ts');
  if (!presetNames().includes(provider)) throw await unknownProvider(provider);
  return replyRulesOf(provider);
}

function describe(rule: ReplyRule, rules: readonly ReplyRule[]): Report['rule'] {
  const [action, reason] = rule.judgement;
  return {
    number: rules.indexOf(rule) + 1,
    text: rule.text?.source ?? null,
    action: ruleText(action, reason ?? undefined),
  };
}

function renderReport({ provider, phase, reply, rule, verdict, mayFailOver }: Report): string {
  const by =
    rule === null
      ? 'the generic rules'
      : `${provider}, rule ${rule.number}: ${rule.action}${rule.text === null ? '' : `, by /${rule.text}/`}`;
  const costs = verdict.scope === 'account' || verdict.scope === 'sender';
  return facts([
    ['Reply', printable(reply)],
    ['Answered', phase],
    ['Read by', printable(by)],
    ['Concerns', costs ? `the ${verdict.scope}; no message is bounced` : `the ${verdict.scope}`],
    ['Action', actionText(verdict)],
    ['Reason', verdict.reason],
    ['Another account', mayFailOver ? 'may take the mail' : 'may not take the mail'],
    ['Hint', 'hint' in verdict ? printable(verdict.hint) : null],
  ]);
}

function readRefusal(text: string): Reply {
  const reply = parseReply(text);
  if (reply === null || reply.code < 400) {
    throw new InvalidArgumentError('It must begin with a code from 400 to 599.');
  }
  return reply;
}
