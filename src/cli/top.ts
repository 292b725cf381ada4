import { type Command, Option } from 'commander';
import { EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import type { Screen, ScreenKey } from './screen.ts';
import { accountRows, SORTS, type Sort, topFrame } from './top-frame.ts';

const drawEveryMs = 1_000;

/** `relayctl top` */
export function addTop(program: Command, context: Context): void {
  const top = program
    .command('top')
    .description('what moves now: accounts, rates, quotas and connections, live')
    .option('--once', 'print one picture and end; also done where there is no terminal')
    .addOption(new Option('--sort <by>', 'what comes first').choices(SORTS).default('queued'));
  annotate(top, {
    examples: [
      ['top', 'q ends it, s sorts by something else.'],
      ['top --once --sort rate', 'For a log or a mail.'],
    ],
    json: '{nowMs, pause, accounts[], connections: {account, doing, forMs, messages}[], accepted, flows}',
  });
  onAction(top, context, async (invocation) => {
    const { ask, io, json, options, print } = invocation;
    const sort = options.sort as Sort;
    const screen = options.once === true || json ? null : await io.openScreen();
    if (screen !== null) return await live(invocation, screen, sort);
    const report = await ask('top', {});
    const view = { columns: io.columns, rows: Number.POSITIVE_INFINITY, sort, offset: 0 };
    print(report, () => `${topFrame(report, view).join('\n')}\n`);
    return EX_OK;
  });
}

async function live({ ask }: Invocation, screen: Screen, first: Sort): Promise<number> {
  let sort = first;
  let offset = 0;
  try {
    for (;;) {
      const report = await ask('top', {});
      const accounts = report.accounts.length;
      let key: ScreenKey | null;
      do {
        const { columns, rows } = screen.size();
        offset = Math.max(0, Math.min(offset, accounts - accountRows(rows)));
        screen.draw(topFrame(report, { columns, rows, sort, offset }));
        key = await screen.next(drawEveryMs);
        if (key === 'quit') return EX_OK;
        if (key === 'sort') sort = SORTS[(SORTS.indexOf(sort) + 1) % SORTS.length] ?? first;
        else offset = scrolled(key, offset, { accounts, page: accountRows(rows) });
      } while (key !== null);
    }
  } finally {
    screen.close();
  }
}

function scrolled(
  key: ScreenKey | null,
  offset: number,
  { accounts, page }: { readonly accounts: number; readonly page: number },
): number {
  switch (key) {
    case 'up':
      return offset - 1;
    case 'down':
      return offset + 1;
    case 'page-up':
      return offset - page;
    case 'page-down':
      return offset + page;
    case 'home':
      return 0;
    case 'end':
      return accounts;
    default:
      return offset;
  }
}
