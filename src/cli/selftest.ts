import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Command } from 'commander';
import type { ListenerReport } from '../control/reports.ts';
import type { Answer } from '../control/wire.ts';
import { printable } from '../lib/printable.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, onAction } from './command.ts';
import type { Target, Trial, Trust } from './selftest-trials.ts';
import { table } from './table.ts';

/** `relayctl selftest` */
export function addSelftest(program: Command, context: Context): void {
  const selftest = program
    .command('selftest')
    .description('try to misuse the running relay from this machine: is it an open relay?');
  annotate(selftest, {
    examples: [
      ['selftest', 'Every listener, over loopback and the addresses of the host. Sends no mail.'],
    ],
    json: '{trials: {at, what, verdict: refused | trusted | open, reply}[], open: number}',
  });
  onAction(selftest, context, async ({ ask, io, print }) => {
    const [{ listeners }, shown] = [await ask('status', {}), await ask('config.show', {})];
    const [{ parseListenAddress }, { tryTarget }] = await Promise.all([
      import('../config/listen-address.ts'),
      import('./selftest-trials.ts'),
    ]);
    const trust = trustIn(shown);
    const trials: Trial[] = [];
    for (const { listen, tls } of listeners) {
      const address = parseListenAddress(listen);
      for (const target of targetsOf(address, tls))
        trials.push(...(await tryTarget(target, trust)));
    }
    const open = trials.filter(({ verdict }) => verdict === 'open').length;
    print({ trials, open }, () => renderTrials(trials, open, io.columns));
    return open === 0 && trials.length > 0 ? EX_OK : EX_DATAERR;
  });
}

/** As config.show gives them: absent where they are empty. */
interface Shown {
  readonly clients: Readonly<Record<string, { readonly networks?: readonly string[] }>>;
  readonly listeners: readonly {
    readonly proxy_protocol?: readonly string[];
    readonly xclient?: readonly string[];
  }[];
}

function trustIn({ settings }: Answer<'config.show'>): Trust {
  // What our own daemon says is taken at its word.
  const { clients, listeners } = settings as unknown as Shown;
  return {
    networks: Object.values(clients).flatMap(({ networks }) => networks ?? []),
    proxies: listeners.flatMap(({ proxy_protocol: proxies }) => proxies ?? []),
    xclients: listeners.flatMap(({ xclient }) => xclient ?? []),
  };
}

type Address = ReturnType<typeof import('../config/listen-address.ts').parseListenAddress>;

function targetsOf(address: Address, tls: ListenerReport['tls']): Target[] {
  const implicitTls = tls === 'implicit';
  if (address?.is === 'unix') {
    const { path } = address;
    return [{ at: path, peer: { path }, source: '', implicitTls }];
  }
  if (address?.is !== 'tcp') return [];
  const { host, port } = address;
  return hostsOf(host).map((one) => ({
    at: `${isIP(one) === 6 ? `[${one}]` : one}:${port}`,
    peer: { host: one, port },
    source: one,
    implicitTls,
  }));
}

/** All addresses of this machine where a listener of any address is reached. */
function hostsOf(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const all = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return all
    .filter(({ family }) => host === '::' || family === 'IPv4')
    .map(({ address }) => address)
    .filter((address) => !/^fe80:/i.test(address)); // would need the name of its interface
}

const closing = {
  sound: '\nNobody gets in without a login, but whom the configuration trusts.\n',
  open:
    '\nOpen: mail or a right was given to somebody whom the configuration does not name, or that\n' +
    'could not be ruled out. docs/security.md says what each trial means.\n',
  none: 'There is no listener to try.\n',
};

function renderTrials(trials: readonly Trial[], open: number, columns: number): string {
  if (trials.length === 0) return closing.none;
  const head = [
    { title: 'At' },
    { title: 'Tried' },
    { title: 'Verdict' },
    { title: 'Reply', shrinkTo: 20 },
  ];
  const rows = trials.map(({ at, what, verdict, reply }) => [
    printable(at),
    what,
    verdict,
    printable(reply),
  ]);
  return table(head, rows, columns) + (open === 0 ? closing.sound : closing.open);
}
