import type { Secret } from '../../lib/secret.ts';
import type {
  ListenAddress,
  ListenerSettings,
  Settings,
  TracingSettings,
} from '../../relay/settings.ts';
import {
  formatListenAddress,
  isLocalListener,
  isLoopbackHost,
  overlap,
} from '../listen-address.ts';
import type { RelayConfig } from '../schema/relay.ts';
import { absolute, type BuildContext, type Path, secretOrNull } from './context.ts';

/** `observe:` and `control:`. */
export async function buildOperate(
  config: RelayConfig,
  listeners: readonly ListenerSettings[],
  context: BuildContext,
): Promise<Pick<Settings, 'observe' | 'control'>> {
  const { report } = context;
  const given = config.observe.listen;
  const listen = given?.is === 'unix' ? { ...given, path: absolute(given.path, context) } : given;
  const tracing = await buildTracing(config.observe.tracing, context);
  const token = await secretOrNull(config.observe.token, ['observe', 'token'], context);
  if (listen !== null) checkObserve(listen, config.observe.token !== undefined, context);
  const taken = listeners.find((listener) => listen !== null && overlap(listener.listen, listen));
  if (taken !== undefined) {
    const address = formatListenAddress(taken.listen);
    report.error(['observe', 'listen'], `the same address as the listener on ${address}`);
  }
  const socket = absolute(config.control.socket, context);
  checkSocketPath(socket, ['control', 'socket'], context);
  return {
    observe: { listen, token, tracing, dashboard: config.observe.dashboard },
    control: { socket },
  };
}

async function buildTracing(
  config: RelayConfig['observe']['tracing'],
  context: BuildContext,
): Promise<TracingSettings | null> {
  if (config === undefined) return null;
  const path = ['observe', 'tracing'];
  const headers = new Map<string, Secret>();
  for (const [name, reference] of Object.entries(config.headers)) {
    const value = await secretOrNull(reference, [...path, 'headers', name], context);
    if (value !== null) headers.set(name, value);
  }
  checkEndpoint(config.endpoint, headers.size > 0, context);
  return { endpoint: config.endpoint, headers, sample: config.sample };
}

function checkEndpoint(text: string, secrets: boolean, { report }: BuildContext): void {
  const path = ['observe', 'tracing', 'endpoint'];
  const url = new URL(text);
  if (
    secrets &&
    url.protocol !== 'https:' &&
    !isLoopbackHost(url.hostname.replace(/^\[|\]$/g, ''))
  ) {
    report.error(path, 'must begin with https, its headers are secrets');
  }
  if (url.username !== '' || url.password !== '') {
    report.error(path, 'holds a username or password; they go under headers');
  }
  if (url.pathname === '/') {
    report.error(path, 'has no path; OpenTelemetry collectors take spans at /v1/traces');
  }
}

function checkObserve(listen: ListenAddress, token: boolean, { report }: BuildContext): void {
  if (listen.is === 'unix') checkSocketPath(listen.path, ['observe', 'listen'], { report });
  if (!isLocalListener(listen) && !token) {
    report.error(
      ['observe', 'listen'],
      'other machines reach this address; set observe.token, or listen on 127.0.0.1',
    );
  }
}

/** sockaddr_un holds 108 bytes, the last of them a zero (unix(7)). */
const socketPathBytesMax = 107;

export function checkSocketPath(
  path: string,
  at: Path,
  { report }: Pick<BuildContext, 'report'>,
): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathBytesMax) return;
  report.error(
    at,
    `${path} has ${bytes} bytes; the path of a socket has at most ${socketPathBytesMax}`,
  );
}
