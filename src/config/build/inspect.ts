import type { Settings } from '../../relay/settings.ts';
import { type Checked, isObject } from '../check.ts';
import { isLocalListener } from '../listen-address.ts';
import type { BuildContext } from './context.ts';
import { warnOfShadowedRoutes } from './shadow.ts';
import { warnOfUnroutedSummary } from './summary-route.ts';

/** Checks that need several sections. */
export function inspect(
  settings: Settings,
  { checked, context }: { checked: Checked; context: BuildContext },
): void {
  checkPresence(settings, context);
  checkLimits(checked, context);
  checkOpenRelay(settings, { checked, context });
  warnOfUnusedAccounts(settings, context);
  warnOfUnreachableClients(settings, context);
  warnOfShadowedRoutes(settings.routes, context);
  warnOfUnroutedSummary(settings, context);
}

/** Without these three nothing could ever be sent. */
function checkPresence(settings: Settings, { document, report }: BuildContext): void {
  const plain = isObject(document.plain) ? document.plain : {};
  const missing = (section: string) => {
    const value = plain[section];
    if (value === undefined) return true;
    return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  };
  const accountLogin = settings.listeners.some((listener) => listener.accountLogin);
  const sending = settings.routes.some(({ action }) => action.is === 'accounts');
  if (missing('clients') && !accountLogin) {
    report.error(
      ['clients'],
      'missing: name at least one app, its password and its senders',
      'key',
    );
  }
  if (missing('accounts') && (sending || accountLogin || missing('routes'))) {
    report.error(['accounts'], 'missing: name at least one upstream account', 'key');
  }
  if (missing('routes') && !(accountLogin && missing('clients'))) {
    report.error(
      ['routes'],
      'missing: say which sender leaves by which account, such as [{sender: "*", accounts: [NAME]}]',
      'key',
    );
  }
}

function checkLimits({ config: { limits, clients } }: Checked, { report }: BuildContext): void {
  if ((limits.connections_reserved ?? 0) >= limits.connections) {
    const most = limits.connections - 1;
    report.error(
      ['limits', 'connections_reserved'],
      `must be below limits.connections, at most ${most}`,
    );
  }
  for (const [name, { message_size: own }] of Object.entries(clients)) {
    if (own !== undefined && own > limits.message_size) {
      report.warn(['clients', name, 'message_size'], 'is above limits.message_size, which holds');
    }
  }
}

/**
 * Everybody in a network this wide is a client without a password, and other machines reach the
 * listener.
 */
function checkOpenRelay(
  { listeners }: Settings,
  { checked: { config }, context: { report } }: { checked: Checked; context: BuildContext },
): void {
  const open = listeners.filter(
    ({ listen, auth }) => auth === 'optional' && !isLocalListener(listen),
  );
  if (open.length === 0) return;
  const plain = open.find(({ tls }) => tls === 'none');
  for (const [name, client] of Object.entries(config.clients)) {
    if (plain !== undefined && client.password !== undefined) {
      report.error(
        ['clients', name, 'password'],
        'could travel in the clear: a listener that other machines reach has tls none',
      );
    }
    for (const [index, network] of (client.networks ?? []).entries()) {
      if (!isWide(network)) continue;
      report.error(
        ['clients', name, 'networks', index],
        `${network} would let the whole internet send mail here; name the networks of your own machines`,
      );
    }
  }
}

function isWide(network: string): boolean {
  const bits = Number(network.split('/')[1]);
  return bits < (network.includes(':') ? 16 : 8);
}

function warnOfUnusedAccounts(
  { accounts, routes, listeners }: Settings,
  { report }: BuildContext,
): void {
  const used = new Set(
    routes.flatMap(({ action }) => (action.is === 'accounts' ? action.accounts : [])),
  );
  if (listeners.some((listener) => listener.accountLogin)) return;
  for (const name of accounts.keys()) {
    if (!used.has(name)) report.warn(['accounts', name], 'no route uses this account', 'key');
  }
}

function warnOfUnreachableClients(
  { clients, listeners }: Settings,
  { report }: BuildContext,
): void {
  const optional = listeners.filter(({ auth }) => auth === 'optional');
  const sockets = optional.some(({ listen }) => listen.is !== 'tcp');
  for (const { name, networks } of clients.values()) {
    const path = ['clients', name, 'networks'];
    if (networks.length > 0 && optional.length === 0) {
      report.warn(path, 'have no effect: no listener has `auth: optional`', 'key');
    } else if (networks.includes('unix') && !sockets) {
      report.warn(path, 'unix has no effect: no unix: listener has `auth: optional`', 'key');
    }
  }
}
