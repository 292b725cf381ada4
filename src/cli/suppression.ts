import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Answer } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import {
  SUPPRESSION_REASONS,
  type Suppression,
  type SuppressionKey,
} from '../relay/suppression.ts';
import { readCount, readSpan } from './argument-readers.ts';
import { annotate, type Context, type Invocation, noun, onAction } from './command.ts';
import { addImportList } from './suppression-import.ts';
import { table } from './table.ts';
import { count } from './text.ts';
import { address, instant, until } from './words.ts';

/** Asked for at a time. */
const pageMax = 1_000;
const listMax = 1_000_000;

const shape = '{address, account: string | null, reason, detail, sinceMs, untilMs: number | null}';

/** `relayctl suppression ...`: addresses that get no mail. */
export function addSuppression(program: Command, context: Context): void {
  const suppression = noun(
    program,
    'suppression',
    'addresses that get no mail: bounced, complained',
  );
  addList(suppression, context);
  addAdd(suppression, context);
  addRemove(suppression, context);
  addImportList(suppression, context);
}

function addList(suppression: Command, context: Context): void {
  const list = suppression
    .command('list')
    .description('list suppressed addresses, in their order')
    .argument('[address]', 'only this one', readAddress)
    .option('--limit <count>', 'show at most this many', readCount(listMax), 100)
    .option('--after <address>', 'after this address, for the next page', readAddress);
  annotate(list, {
    examples: [
      ['suppression list', 'Who gets no mail, why, and until when.'],
      ['suppression list kim@example.net', 'Why this one is refused.'],
    ],
    json: `{entries: ${shape}[], next: {address, account} | null, addresses}`,
  });
  onAction(list, context, async (invocation) => {
    const page = await readList(invocation);
    invocation.print(page, () => listText(page, invocation));
    return EX_OK;
  });
}

async function readList({ ask, args, options }: Invocation): Promise<Answer<'suppression.list'>> {
  const wanted = Number(options.limit);
  const start = (options.after as string | undefined) ?? null;
  // Behind every account of that address: no name of one is greater.
  let after: SuppressionKey | null =
    start === null ? null : { address: start, account: '\u{10ffff}' };
  const entries: Suppression[] = [];
  let addresses = 0;
  do {
    const limit = Math.min(wanted - entries.length, pageMax);
    const given = (args[0] as string | undefined) ?? null;
    const page: Answer<'suppression.list'> = await ask('suppression.list', {
      address: given,
      after,
      limit,
    });
    entries.push(...page.entries);
    ({ next: after, addresses } = page);
  } while (after !== null && entries.length < wanted);
  return { entries, next: after, addresses };
}

function listText(
  { entries, next, addresses }: Answer<'suppression.list'>,
  { io, args }: Invocation,
): string {
  if (entries.length === 0) {
    return args[0] === undefined ? 'Nobody is suppressed.\n' : 'It is not suppressed.\n';
  }
  const head = [
    { title: 'ADDRESS', shrinkTo: 20 },
    { title: 'ACCOUNT' },
    { title: 'REASON' },
    { title: 'SINCE' },
    { title: 'ENDS' },
    { title: 'DETAIL', shrinkTo: 12 },
  ];
  const rows = entries.map((entry) => [
    address(entry.address),
    entry.account === null ? 'all' : printable(entry.account),
    entry.reason,
    instant(entry.sinceMs),
    entry.untilMs === null ? 'never' : until(entry.untilMs, io.nowMs()),
    printable(entry.detail),
  ]);
  const last = entries.at(-1)?.address ?? '';
  const more =
    next === null
      ? ''
      : `\nOf ${count(addresses, 'address', 'addresses')}; more: add --limit, or --after ${printable(last)}.\n`;
  return table(head, rows, io.columns) + more;
}

function addAdd(suppression: Command, context: Context): void {
  const add = suppression
    .command('add')
    .description('send no more mail to an address')
    .argument('<address>', 'mail address; letter case does not count', readAddress)
    .option('--account <name>', 'only what would leave through this account')
    .addOption(
      new Option('--reason <reason>', 'why').choices(SUPPRESSION_REASONS).default('operator'),
    )
    .option('--detail <text>', 'what is shown with it, also to who sends there', '')
    .option('--expires <duration>', 'ends after this time, for example 30d', readSpan);
  annotate(add, {
    examples: [
      ['suppression add kim@example.net --detail "asked us to"', 'Until suppression remove.'],
      ['suppression add kim@example.net --account ses --expires 30d', 'Only there, for a month.'],
    ],
    json: '{added}',
  });
  onAction(add, context, async ({ ask, args, options, print }) => {
    const given = String(args[0]);
    const account = (options.account as string | undefined) ?? null;
    const forMs = typeof options.expires === 'number' ? options.expires : null;
    const reason = options.reason as Suppression['reason'];
    const entries = [{ address: given, reason, detail: String(options.detail) }];
    const answer = await ask('suppression.add', { account, forMs, entries });
    print(answer, () => `${address(given)} gets no more mail.\n`);
    return EX_OK;
  });
}

function addRemove(suppression: Command, context: Context): void {
  const remove = suppression
    .command('remove')
    .description('let mail to an address go again')
    .argument('<address>', 'mail address', readAddress)
    .option('--account <name>', 'only the entry for this account');
  annotate(remove, {
    examples: [['suppression remove kim@example.net', 'All entries of that address.']],
    json: '{removed}',
  });
  onAction(remove, context, async ({ ask, args, options, print }) => {
    const account = (options.account as string | undefined) ?? null;
    const answer = await ask('suppression.remove', { address: String(args[0]), account });
    print(answer, () => `Removed: ${count(answer.removed, 'entry', 'entries')}.\n`);
    return EX_OK;
  });
}

function readAddress(text: string): string {
  if (/^[^\s<>]+@[^\s<>@]+$/.test(text)) return text;
  throw new InvalidArgumentError('A mail address such as kim@example.net.');
}
