import { enhancedStatus } from '../mail/reply.ts';
import { admitReversePath } from '../policy/admit.ts';
import { candidates } from '../policy/candidates.ts';
import { noRouteText, routeFor } from '../policy/route.ts';
import { sendsAs } from '../policy/sends-as.ts';
import type { AccountState } from '../relay/account.ts';
import type { RefusalReason } from '../relay/events.ts';
import type { Route } from '../relay/route.ts';
import type { Settings } from '../relay/settings.ts';
import type { RouteAccount, RouteReport } from './reports.ts';
import { ControlError, type RouteQuestion } from './wire.ts';

/** What the daemon knows of its accounts now. */
export interface Running {
  readonly states: ReadonlyMap<string, AccountState>;
  /** Which of these accounts takes a new message. */
  readonly taker: (accounts: readonly string[]) => string;
}

/**
 * Where a message would go. `running` is null when no daemon was asked. Throws ControlError when
 * the question names a client that is not configured.
 */
export function routeReport(
  settings: Pick<Settings, 'routes' | 'accounts' | 'clients'>,
  question: RouteQuestion,
  running: Running | null,
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
  return byRoute(settings, question, route, running);
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
  running: Running | null,
): RouteReport {
  const place = { index: route.index, line: route.line };
  const { action } = route;
  const accounts = routeAccounts(settings, { from: question.from, route }, running);
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

interface Asked {
  readonly from: string;
  readonly route: Route;
}

function routeAccounts(
  { accounts }: Pick<Settings, 'accounts'>,
  { from, route }: Asked,
  running: Running | null,
): RouteAccount[] {
  const names = route.action.is === 'accounts' ? route.action.accounts : [];
  const author = { reversePath: from, from: from === '' ? [] : [from], own: false, bytes: 0 };
  const may = candidates(names, accounts, author, route);
  const taker = running === null || may.length === 0 ? null : running.taker(may);
  return names.map((name) => {
    const account = accounts.get(name);
    const shown = sendsAs(account ?? nobody, route, author);
    return {
      name,
      host: account?.host ?? '',
      port: account?.port ?? 0,
      maySendAs: may.includes(name),
      rewrittenTo: shown === author ? null : (shown.from[0] ?? null),
      state: running && (running.states.get(name) ?? { is: 'open' }),
      takes: running && name === taker,
    };
  });
}

/** An account that the file does not have. */
const nobody = { identities: [] };

function refusal(reply: string, why: string): RouteReport {
  return { result: 'refused', route: null, accounts: [], edits: null, bcc: [], reply, why };
}
