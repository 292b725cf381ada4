import { type Command, InvalidArgumentError } from 'commander';
import type { HoldRuleEndReport } from '../control/steering-reports.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import type { HoldRule, HoldScope } from '../relay/steering.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { table } from './table.ts';
import { count } from './text.ts';
import { age, instant, until } from './words.ts';

/** `relayctl hold ...`: rules for mail to come; what waits already is held with queue hold. */
export function addHold(program: Command, context: Context): void {
  const hold = noun(program, 'hold', 'hold mail to come: rules that take it and keep it back');
  addAdd(hold, context);
  addList(hold, context);
  addRemove(hold, context);
}

function addAdd(hold: Command, context: Context): void {
  const add = hold
    .command('add')
    .description('take matching mail and hold it; all that is given must match')
    .option('--sender <pattern>', 'reverse-path or From address: address, @domain, *@sub.*')
    .option('--client <name>', 'what this client submits')
    .option('--recipient <pattern>', 'address or @domain; only these recipients are held')
    .option('--account <name>', 'what would leave through this account')
    .option('--for <duration>', 'ends after this time, for example 2h', readSpan)
    .option('--reason <text>', 'why, as the queue shows it', 'held by an operator')
    .option('--keep', 'what was held stays held when the rule ends; else it goes');
  annotate(add, {
    examples: [
      [
        'hold add --sender @staging.example --for 2h --reason "load test"',
        'Goes by itself in two hours.',
      ],
      ['hold add --client cron --keep', 'Until hold remove, and released by hand.'],
    ],
    json: '{rule: {id, sender, client, recipient, account, reason, sinceMs, untilMs, keep}}',
  });
  onAction(add, context, async ({ ask, options, print }) => {
    const scope = scopeFrom(options);
    if (Object.values(scope).every((part) => part === null)) {
      const text =
        'hold add needs --sender, --client, --recipient or --account; pause stops all delivery';
      throw new Failure('usage', EX_USAGE, text);
    }
    const forMs = typeof options.for === 'number' ? options.for : null;
    const keep = options.keep === true;
    const answer = await ask('hold.add', { ...scope, reason: String(options.reason), forMs, keep });
    print(
      answer,
      () => `Hold rule ${answer.rule.id}: ${scopeText(scope)}, ${endText(answer.rule)}.\n`,
    );
    return EX_OK;
  });
}

function scopeFrom(options: Readonly<Record<string, unknown>>): HoldScope {
  const text = (key: string): string | null => (options[key] as string | undefined) ?? null;
  const [sender, client] = [text('sender'), text('client')];
  return { sender, client, recipient: text('recipient'), account: text('account') };
}

function endText({ untilMs, keep }: HoldRule): string {
  const end = untilMs === null ? 'until hold remove' : `until ${instant(untilMs)}`;
  return `${end}; its mail then ${keep ? 'stays held' : 'goes'}`;
}

function scopeText({ sender, client, recipient, account }: HoldScope): string {
  const parts = [
    sender === null ? null : `sender ${sender}`,
    client === null ? null : `client ${client}`,
    recipient === null ? null : `recipient ${recipient}`,
    account === null ? null : `account ${account}`,
  ];
  return printable(parts.filter((part) => part !== null).join(', '));
}

function addList(hold: Command, context: Context): void {
  const list = hold.command('list').description('list the hold rules in force');
  annotate(list, {
    examples: [['hold list', 'What is held back, why, and until when.']],
    json: '{rules: {id, sender, client, recipient, account, reason, sinceMs, untilMs, keep}[]}',
  });
  onAction(list, context, async ({ ask, io, print }) => {
    const answer = await ask('hold.list', {});
    print(answer, () =>
      answer.rules.length === 0
        ? 'No hold rules. What is held already: relayctl queue list --state held\n'
        : ruleTable(answer.rules, io.columns, io.nowMs()),
    );
    return EX_OK;
  });
}

function ruleTable(rules: readonly HoldRule[], columns: number, nowMs: number): string {
  const head = [
    { title: 'RULE', align: 'right' as const },
    { title: 'AGE', align: 'right' as const },
    { title: 'ENDS' },
    { title: 'THEN' },
    { title: 'MAIL', shrinkTo: 20 },
    { title: 'REASON', shrinkTo: 12 },
  ];
  const cells = rules.map((rule) => [
    String(rule.id),
    age(rule.sinceMs, nowMs),
    rule.untilMs === null ? 'never' : until(rule.untilMs, nowMs),
    rule.keep ? 'stays held' : 'goes',
    scopeText(rule),
    printable(rule.reason),
  ]);
  return table(head, cells, columns);
}

function addRemove(hold: Command, context: Context): void {
  const remove = hold
    .command('remove')
    .description('end a hold rule; what it has held goes')
    .argument('<rule>', 'number, as hold list shows it', readRuleId)
    .option('--keep', 'what it has held stays held');
  annotate(remove, {
    examples: [['hold remove 3', 'Its mail goes at once.']],
    json: '{rule, recipients, messages}',
  });
  onAction(remove, context, async ({ args, ask, options, print }) => {
    const ended = await ask('hold.remove', { id: Number(args[0]), keep: options.keep === true });
    print(ended, () => endedText(ended));
    return EX_OK;
  });
}

function endedText({ rule, recipients, messages }: HoldRuleEndReport): string {
  const head = `Hold rule ${rule.id} has ended`;
  if (rule.keep) return `${head}; what it held stays held: relayctl queue list --state held\n`;
  if (recipients === 0) return `${head}; it held nothing.\n`;
  return `${head}. Released: ${count(recipients, 'recipient')} of ${count(messages, 'message')}.\n`;
}

function readRuleId(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw new InvalidArgumentError('A hold rule has a number, as hold list shows it.');
  }
  return Number(text);
}
