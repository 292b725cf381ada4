import { formatDuration } from '../lib/duration.ts';
import { formatRate } from '../lib/rate.ts';
import { formatSize } from '../lib/size.ts';
import {
  type Account,
  type OAuth2,
  type ProxyServer,
  proxyName,
  type TlsPolicy,
} from '../relay/account.ts';
import type { Client } from '../relay/client.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';
import type { Route, RouteEdits } from '../relay/route.ts';
import type {
  ListenerSettings,
  Settings,
  SubmissionLimits,
  TracingSettings,
} from '../relay/settings.ts';
import { describeAlerts } from './describe-alerts.ts';
import { describeFeedback, describeSuppression } from './describe-feedback.ts';
import { formatListenAddress } from './listen-address.ts';

const SECRET = '[secret]';
const hidden = (value: unknown) => (value === null ? undefined : SECRET);

/** A plain value of what is given: what does not apply is left out. */
type Shown = Readonly<Record<string, unknown>>;

/**
 * The configuration in force in the words of relay.yaml, defaults and presets filled in, secrets
 * hidden.
 */
export function describeSettings(settings: Settings): Shown {
  return compact({
    hostname: settings.hostname,
    listeners: settings.listeners.map(describeListener),
    limits: describeLimits(settings.limits),
    clients: mapValues(settings.clients, describeClient),
    accounts: mapValues(settings.accounts, describeAccount),
    routes: settings.routes.map(describeRoute),
    failover: { after: formatDuration(settings.failover.afterMs) },
    queue: {
      directory: settings.queue.directory,
      retry: settings.queue.retryMs.map(formatDuration),
      lifetime: formatDuration(settings.queue.lifetimeMs),
      delay_warning: durationOrOff(settings.queue.delayWarningMs),
      in_doubt: settings.queue.inDoubt,
      history: formatDuration(settings.queue.historyMs),
    },
    notifications: {
      dsn: compact({
        mode: settings.notifications.dsn.mode,
        from: settings.notifications.dsn.from ?? undefined,
      }),
      ...describeAlerts(settings.notifications.alerts),
    },
    feedback: settings.feedback === null ? undefined : describeFeedback(settings.feedback),
    suppression: describeSuppression(settings.suppression),
    observe: compact({
      listen:
        settings.observe.listen === null ? 'off' : formatListenAddress(settings.observe.listen),
      token: hidden(settings.observe.token),
      tracing: describeTracing(settings.observe.tracing),
      dashboard: settings.observe.dashboard,
    }),
    control: settings.control,
    log: settings.log,
  });
}

function describeTracing(tracing: TracingSettings | null): Shown | undefined {
  if (tracing === null) return undefined;
  const { endpoint, headers, sample } = tracing;
  const names = [...headers.keys()].map((name) => [name, SECRET]);
  return compact({
    endpoint,
    headers: names.length === 0 ? undefined : Object.fromEntries(names),
    sample,
  });
}

function describeListener(listener: ListenerSettings): Shown {
  return compact({
    listen: formatListenAddress(listener.listen),
    tls: listener.tls,
    certificate: listener.certificate ?? undefined,
    key: listener.key ?? undefined,
    mode: listener.listen.is === 'unix' ? `0${listener.mode.toString(8)}` : undefined,
    group: listener.group ?? undefined,
    auth: listener.auth,
    account_login: listener.accountLogin,
    proxy_protocol: listener.proxyProtocol,
    xclient: listener.xclient,
  });
}

function describeLimits(limits: SubmissionLimits): Shown {
  return {
    message_size: formatSize(limits.messageBytes),
    recipients: limits.recipients,
    connections: limits.connections,
    connections_reserved: limits.connectionsReserved,
    connections_per_client: limits.connectionsPerClient,
    connections_per_address: limits.connectionsPerAddress,
    auth_failures: formatRate(limits.authFailures),
    timeouts: {
      authenticate: formatDuration(limits.timeouts.authenticateMs),
      command: formatDuration(limits.timeouts.commandMs),
      data: formatDuration(limits.timeouts.dataMs),
    },
    memory: formatSize(limits.memoryBytes),
    disk_free: formatSize(limits.diskFreeBytes),
    bare_newlines: limits.bareNewlines,
    hops: limits.hops,
  };
}

function describeClient(client: Client): Shown {
  return compact({
    password: hidden(client.password),
    networks: client.networks.length === 0 ? undefined : client.networks,
    senders: client.senders,
    rate: client.rate === null ? undefined : formatRate(client.rate),
    message_size: client.messageBytesMax === null ? undefined : formatSize(client.messageBytesMax),
  });
}

function describeAccount(account: Account): Shown {
  const { limits, timeouts } = account;
  return compact({
    provider: account.provider ?? undefined,
    host: account.host,
    port: account.port,
    auth: account.auth,
    username: account.username ?? undefined,
    password: hidden(account.password),
    next_password: hidden(account.next),
    oauth2: account.oauth2 === null ? undefined : describeOAuth2(account.oauth2),
    identities: account.identities,
    tls: describeTls(account.tls),
    limits: compact({
      rate: limits.rate.length === 0 ? undefined : limits.rate.map(formatQuotaRate),
      connections: limits.connections,
      messages_per_connection: limits.messagesPerConnection,
      idle: formatDuration(limits.idleMs),
      recipients: limits.recipients,
      message_size: limits.messageBytes === null ? undefined : formatSize(limits.messageBytes),
    }),
    headers: account.headers,
    source_address: account.sourceAddress ?? undefined,
    proxy: account.proxy === null ? undefined : describeProxy(account.proxy),
    timeouts: {
      connect: formatDuration(timeouts.connectMs),
      greeting: formatDuration(timeouts.greetingMs),
      command: formatDuration(timeouts.commandMs),
      data: formatDuration(timeouts.dataMs),
      end_of_data: formatDuration(timeouts.endOfDataMs),
    },
  });
}

function describeOAuth2({ tokenUrl, scope, grant, device }: OAuth2): Shown {
  const own = grant.is === 'service-account' ? null : grant;
  return compact({
    token_url: tokenUrl,
    client_id: own?.clientId,
    client_secret: hidden(own?.clientSecret ?? null),
    device_url: device?.url,
    refresh_token: hidden(grant.is === 'refresh-token' ? grant.refreshToken : null),
    service_account: grant.is === 'service-account' ? SECRET : undefined,
    scope: scope ?? undefined,
  });
}

function describeTls(tls: TlsPolicy): Shown {
  return compact({
    mode: tls.mode,
    verify: tls.verify,
    ca: tls.ca === null ? undefined : '[certificates]',
    pin: tls.pins.length === 0 ? undefined : tls.pins.map((pin) => `sha256//${pin}`),
    servername: tls.servername,
    minimum: tls.minimum,
    exception:
      tls.exception === null
        ? undefined
        : {
            allow: tls.exception.allow,
            reason: tls.exception.reason,
            until: new Date(tls.exception.untilMs).toISOString(),
          },
    client_certificate: tls.certificate === null ? undefined : '[certificate]',
  });
}

function describeRoute(route: Route): Shown {
  const { action } = route;
  return compact({
    sender: route.sender ?? undefined,
    client: route.client ?? undefined,
    recipient: route.recipient ?? undefined,
    header: route.header ?? undefined,
    accounts: action.is === 'accounts' ? action.accounts : undefined,
    discard: action.is === 'discard' ? true : undefined,
    hold: action.is === 'hold' ? true : undefined,
    reject: action.is === 'reject' ? action.text : undefined,
    lifetime: route.lifetimeMs === null ? undefined : formatDuration(route.lifetimeMs),
    rewrite: route.edits?.rewrite ?? undefined,
    headers: route.edits === undefined ? undefined : describeHeaders(route.edits),
    bcc: route.bcc,
  });
}

function describeHeaders({ add, remove }: RouteEdits): Shown | undefined {
  const shown = compact({
    add: Object.keys(add).length === 0 ? undefined : add,
    remove: remove.length === 0 ? undefined : remove,
  });
  return Object.keys(shown).length === 0 ? undefined : shown;
}

function durationOrOff(durationMs: number | null): string {
  return durationMs === null ? 'off' : formatDuration(durationMs);
}

function compact(shown: Shown): Shown {
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

function mapValues<T>(entries: ReadonlyMap<string, T>, describe: (value: T) => Shown): Shown {
  return Object.fromEntries([...entries].map(([name, value]) => [name, describe(value)]));
}

function describeProxy(proxy: ProxyServer): string {
  const name = proxyName(proxy);
  if (proxy.login === null) return name;
  const login = `${encodeURIComponent(proxy.login.username)}:${proxy.login.password}@`;
  return name.replace('://', `://${login}`);
}
