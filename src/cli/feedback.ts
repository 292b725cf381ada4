import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import { readCount } from './argument-readers.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { table } from './table.ts';
import { instant } from './words.ts';

/** `relayctl feedback ...` */
export function addFeedback(program: Command, context: Context): void {
  const feedback = noun(program, 'feedback', 'what providers say later of mail they took');
  const unknown = feedback
    .command('unknown')
    .description('what was said of messages that nobody here knows, the newest first')
    .option('--limit <count>', 'show at most this many', readCount(1_000), 20);
  annotate(unknown, {
    examples: [['feedback unknown', 'Mail that others send through the same provider account.']],
    json: '{said: {atMs, provider, kind, providerId: string | null}[]}',
  });
  onAction(unknown, context, async ({ ask, io, options, print }) => {
    const answer = await ask('feedback.unknown', { limit: Number(options.limit) });
    print(answer, () => {
      if (answer.said.length === 0) return 'All that was said was about mail of this relay.\n';
      const head = [{ title: 'WHEN' }, { title: 'PROVIDER' }, { title: 'KIND' }, { title: 'ID' }];
      const rows = answer.said.map(({ atMs, provider, kind, providerId }) => [
        instant(atMs),
        provider,
        kind,
        printable(providerId ?? '-'),
      ]);
      return table(head, rows, io.columns);
    });
    return EX_OK;
  });
}
