import type { QueueSettings, Settings, SubmissionLimits } from '../../relay/settings.ts';
import type { Checked } from '../check.ts';
import type { RelayConfig } from '../schema/relay.ts';
import { buildAccounts } from './accounts.ts';
import { buildAlerts } from './alerts.ts';
import { buildClients } from './clients.ts';
import { absolute, type BuildContext } from './context.ts';
import { buildFeedback, buildSuppression } from './feedback.ts';
import { inspect } from './inspect.ts';
import { buildListeners } from './listeners.ts';
import { buildOperate } from './operate.ts';
import { checkRewrites } from './route-edits.ts';
import { buildRoutes, checkRouteNames } from './routes.ts';

/** Settings of what fits the schema; complete only when the report holds no errors afterwards. */
export async function buildSettings(checked: Checked, context: BuildContext): Promise<Settings> {
  const { config } = checked;
  const listeners = buildListeners(config.listeners, checked.listenerIndexes, context);
  const [clients, accounts, operate, alerts, feedback] = await Promise.all([
    buildClients(config.clients, context),
    buildAccounts(config.accounts, context),
    buildOperate(config, listeners, context),
    buildAlerts(config, context),
    buildFeedback(config, listeners, context),
  ]);
  const settings: Settings = {
    file: context.document.file,
    hostname: config.hostname ?? ownName(context.hostname),
    listeners,
    limits: buildSubmissionLimits(config),
    clients,
    accounts,
    routes: buildRoutes(config.routes, checked.routeIndexes, context),
    failover: { afterMs: config.failover.after },
    queue: buildQueue(config, context),
    notifications: {
      dsn: { mode: config.notifications.dsn.mode, from: config.notifications.dsn.from ?? null },
      alerts,
    },
    ...operate,
    feedback,
    suppression: buildSuppression(config),
    log: config.log,
  };
  checkRouteNames(context);
  checkRewrites(settings.routes, accounts, context);
  inspect(settings, { checked, context });
  return settings;
}

/** RFC 5321 section 4.1.4 wants a full domain name in EHLO; a bare machine name is none. */
function ownName(hostname: string): string {
  return hostname.includes('.') ? hostname : 'localhost.localdomain';
}

function buildSubmissionLimits({ limits }: RelayConfig): SubmissionLimits {
  return {
    messageBytes: limits.message_size,
    recipients: limits.recipients,
    connections: limits.connections,
    connectionsReserved:
      limits.connections_reserved ?? Math.min(100, Math.floor(limits.connections / 10)),
    connectionsPerClient: limits.connections_per_client,
    connectionsPerAddress: limits.connections_per_address,
    authFailures: limits.auth_failures,
    timeouts: {
      authenticateMs: limits.timeouts.authenticate,
      commandMs: limits.timeouts.command,
      dataMs: limits.timeouts.data,
    },
    memoryBytes: limits.memory,
    diskFreeBytes: limits.disk_free,
    bareNewlines: limits.bare_newlines,
    hops: limits.hops,
  };
}

function buildQueue({ queue }: RelayConfig, context: BuildContext): QueueSettings {
  return {
    directory: absolute(queue.directory, context),
    retryMs: queue.retry,
    lifetimeMs: queue.lifetime,
    delayWarningMs: queue.delay_warning,
    inDoubt: queue.in_doubt,
    historyMs: queue.history,
  };
}
