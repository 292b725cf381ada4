import { enhancedStatus } from '../mail/reply.ts';
import { admitReversePath } from '../policy/admit.ts';
import { noRouteText, routeFor } from '../policy/route.ts';
import { foreignAddress, sendsAs } from '../policy/sends-as.ts';
import type { Account, AccountState } from '../relay/account.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { Route } from '../relay/route.ts';
import type { Settings } from '../relay/settings.ts';
import type { RouteAccount, RouteReport } from './reports.ts';
import { ControlError, type RouteQuestion } from './wire.ts';

/**
 * Where a message would go. `states` is null when no daemon was asked. Throws ControlError when the
 * question names a client that is not configured.
 */
export function routeReport(
  settings: Pick<Settings, 'routes' | 'accounts' | 'clients'>,
  question: RouteQuestion,
  states: ReadonlyMap<string, AccountState> | null,
): RouteReport {
  const refused = clientRefusal(settings, question);
  if (refused !== null) return refused;
  const route = routeFor(settings.routes, {
    sender: question.from,
    client: question.client ?? '',
    recipient: question.to,
    headers: question.headers,
  });
  if (route === null) {
    const text = noRouteText(question.from, question.to);
    return refusal(`550 ${enhancedStatus(550, '7.1')} ${text}`, 'no route matches');
  }
  return byRoute(settings, question, route, states);
}

const WHY: Partial<Record<RefusalReason, string>> = {
  'no-route': 'no route takes mail of this sender',
  identity: 'the identities of the only account it can leave through do not cover it',
};

function clientRefusal(
  settings: Pick<Settings, 'routes' | 'clients' | 'accounts'>,
  question: RouteQuestion,
): RouteReport | null {
  if (question.client === null) return null;
  const client = settings.clients.get(question.client);
  if (client === undefined) {
    throw new ControlError(
      'not-found',
      `no client ${JSON.stringify(question.client)} is configured`,
    );
  }
  const refused = admitReversePath(settings, client, question.from);
  if (refused === null) return null;
  const reply = `${refused.code} ${enhancedStatus(refused.code, refused.detail)} ${refused.text}`;
  return refusal(reply, WHY[refused.why] ?? `the senders of client ${client.name} do not cover it`);
}

function byRoute(
  settings: Pick<Settings, 'accounts'>,
  question: RouteQuestion,
  route: Route,
  states: ReadonlyMap<string, AccountState> | null,
): RouteReport {
  const place = { index: route.index, line: route.line };
  const { action } = route;
  const accounts =
    action.is === 'accounts'
      ? action.accounts.map((name) => {
          const shown = routeAccount(settings.accounts.get(name), question.from, route);
          return { name, ...shown, state: states && (states.get(name) ?? { is: 'open' }) };
        })
      : [];
  const { edits = null, bcc = [] } = route;
  const report = { route: place, accounts, edits, bcc, reply: null };
  switch (action.is) {
    case 'accounts':
      return { ...report, result: 'accounts', why: 'the first route that matches' };
    case 'discard':
      return { ...report, result: 'discard', why: 'the route accepts and drops it' };
    case 'hold':
      return { ...report, result: 'hold', why: 'the route keeps it until somebody releases it' };
    case 'reject': {
      const reply = `550 ${enhancedStatus(550, '7.1')} ${action.text}`;
      return { ...report, result: 'refused', reply, why: 'the route rejects it' };
    }
  }
}

function routeAccount(
  account: Account | undefined,
  sender: string,
  route: Route,
): Omit<RouteAccount, 'name' | 'state'> {
  const author = { reversePath: sender, from: sender === '' ? [] : [sender] };
  const known = account ?? { host: '', port: 0, identities: [] };
  const shown = sendsAs(known, route, author);
  return {
    host: known.host,
    port: known.port,
    maySendAs: foreignAddress(known, shown) === null,
    rewrittenTo: shown === author ? null : (shown.from[0] ?? null),
  };
}

function refusal(reply: string, why: string): RouteReport {
  return { result: 'refused', route: null, accounts: [], edits: null, bcc: [], reply, why };
}
