import { type Command, Option } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import { SUPPRESSION_REASONS, type SuppressionReason } from '../relay/suppression.ts';
import { readSpan } from './argument-readers.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { count } from './text.ts';

/** Entries of one request. */
const batchMax = 500;
const detailCharactersMax = 300;

type Entry = {
  readonly address: string;
  readonly reason: SuppressionReason;
  readonly detail: string;
};

/** `relayctl suppression import`: lists that providers keep. */
export function addImportList(suppression: Command, context: Context): void {
  const load = suppression
    .command('import')
    .description('add the addresses of a CSV file with a header row, as providers export them')
    .argument(
      '<file>',
      'exported by Amazon SES, SendGrid, Mailgun or Postmark, or any with an address',
    )
    .option('--account <name>', 'only for what would leave through this account')
    .addOption(
      new Option('--reason <reason>', 'where the file says none: why')
        .choices(SUPPRESSION_REASONS)
        .default('bounce'),
    )
    .option('--expires <duration>', 'ends after this time, for example 30d', readSpan);
  annotate(load, {
    examples: [
      ['suppression import bounces.csv --account sendgrid --expires 30d', 'Its bounces.'],
      ['suppression import spam_reports.csv --reason complaint', 'A file that says no reason.'],
    ],
    json: '{added, skipped}',
  });
  onAction(load, context, importList);
}

async function importList({ ask, args, options, print }: Invocation): Promise<number> {
  const { readRows } = await import('./import-rows.ts');
  const file = String(args[0]);
  const { columns, rows } = await readRows(file, null);
  const read = rowReader(columns, options.reason as SuppressionReason);
  if (read === null) {
    const text = `${file} has no column email, email_address, address or recipient; there is: ${columns.join(', ')}`;
    throw new Failure('bad-input', EX_DATAERR, printable(text));
  }
  const entries = rows.flatMap(({ values }) => read(values) ?? []);
  const account = (options.account as string | undefined) ?? null;
  const forMs = typeof options.expires === 'number' ? options.expires : null;
  let added = 0;
  for (let at = 0; at < entries.length; at += batchMax) {
    const batch = entries.slice(at, at + batchMax);
    added += (await ask('suppression.add', { account, forMs, entries: batch })).added;
  }
  const skipped = rows.length - entries.length;
  print({ added, skipped }, () => {
    const left = skipped === 0 ? '' : ` Left out, without an address: ${skipped}.`;
    return `Added: ${count(added, 'address', 'addresses')}.${left}\n`;
  });
  return EX_OK;
}

/** Reads a row by the names of its columns; null: none of them holds addresses. */
function rowReader(
  columns: readonly string[],
  otherwise: SuppressionReason,
): ((values: readonly string[]) => Entry | null) | null {
  const names = columns.map((name) => name.toLowerCase().replace(/[^a-z]/g, ''));
  const column = (...wanted: readonly string[]): number =>
    wanted.map((name) => names.indexOf(name)).find((place) => place >= 0) ?? -1;
  const addressAt = column('email', 'emailaddress', 'address', 'recipient');
  if (addressAt < 0) return null;
  const reasonAt = column('suppressionreason', 'reason', 'type', 'error');
  const details = [column('status', 'code'), column('reason', 'error', 'description')];
  return (values) => {
    const text = (place: number): string => values[place]?.trim() ?? '';
    const address = text(addressAt);
    if (!/^[^\s<>]+@[^\s<>@]+$/.test(address) || address.length > 400) return null;
    const said = reasonOf(text(reasonAt));
    const detail =
      said === null
        ? details
            .map(text)
            .filter((part) => part !== '')
            .join(' ')
        : '';
    return { address, reason: said ?? otherwise, detail: oneLine(detail) };
  };
}

/** As the exports write it: BOUNCE and COMPLAINT, HardBounce, SpamComplaint, ManualSuppression. */
function reasonOf(text: string): SuppressionReason | null {
  if (/^(?:hard ?)?bounced?$/i.test(text)) return 'bounce';
  if (/^(?:spam ?)?complain(?:t|ed)$/i.test(text)) return 'complaint';
  return /^manual ?suppression$/i.test(text) ? 'operator' : null;
}

function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, detailCharactersMax);
}
