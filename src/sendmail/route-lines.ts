import type { RouteReport } from '../control/reports.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { Command } from './command.ts';
import type { Desk } from './desk.ts';
import { addresses } from './head.ts';
import { shown } from './queue-lines.ts';

/** What Exim exits with for an address it would not deliver to. */
const undeliverable = 2;

/** -bt and -bv: by which account mail of the sender to each address would leave. */
export async function showRoutes(
  { addresses: given, sender }: Extract<Command, { is: 'route' }>,
  desk: Desk,
): Promise<number> {
  const { hostname } = await desk.ask('status', {});
  const from = sender ?? desk.sender(hostname);
  let exitCode: number = EX_OK;
  for (const to of given.flatMap((text) => addresses(text, hostname, 'address'))) {
    const report = await desk.ask('route.test', { from, to, client: null, headers: {} });
    desk.out(
      routeLines(to, report)
        .map((line) => `${shown(line)}\n`)
        .join(''),
    );
    if (report.result === 'refused') exitCode = undeliverable;
  }
  return exitCode;
}

function routeLines(to: string, { result, route, accounts, reply, why }: RouteReport): string[] {
  if (result === 'refused') return [`${to} is undeliverable: ${reply ?? why}`];
  const router = `router = routes[${route?.index ?? 0}]`;
  if (result !== 'accounts') return [to, `  ${router}, transport = ${result}`];
  const first = accounts.find(({ takes }) => takes) ?? accounts[0];
  return [
    to,
    `  ${router}, transport = ${first?.name ?? '-'}`,
    ...accounts.map(
      ({ name, host, port, maySendAs }) =>
        `  host ${host} port=${port} account=${name}${maySendAs ? '' : ' (may not send as the sender)'}`,
    ),
  ];
}
