import type { ListenerSettings } from '../../relay/settings.ts';
import { isLocalListener, overlap } from '../listen-address.ts';
import type { ListenerConfig } from '../schema/relay.ts';
import { readCertificatePair } from './certificate.ts';
import { absolute, type BuildContext, type Path } from './context.ts';
import { checkSocketPath } from './operate.ts';

/** `listeners:`; `indexes` are their places in the file. */
export function buildListeners(
  configs: readonly ListenerConfig[],
  indexes: readonly number[],
  context: BuildContext,
): ListenerSettings[] {
  const listeners = configs.map((config, position) => {
    const path = ['listeners', indexes[position] ?? position];
    const listener = buildListener(config, path, context);
    checkTls(config, path, context);
    return listener;
  });
  for (const [position, { listen }] of listeners.entries()) {
    const earlier = listeners
      .slice(0, position)
      .findIndex((other) => overlap(other.listen, listen));
    if (earlier < 0) continue;
    const path = ['listeners', indexes[position] ?? position, 'listen'];
    context.report.error(path, `the same address as listeners[${indexes[earlier]}]`);
  }
  return listeners;
}

function buildListener(
  config: ListenerConfig,
  path: Path,
  context: BuildContext,
): ListenerSettings {
  const file = (name: string | undefined) => (name === undefined ? null : absolute(name, context));
  const listen =
    config.listen.is === 'unix'
      ? { ...config.listen, path: absolute(config.listen.path, context) }
      : config.listen;
  if (listen.is === 'unix') checkSocketPath(listen.path, [...path, 'listen'], context);
  for (const key of ['mode', 'group'] as const) {
    if (config[key] === undefined || listen.is === 'unix') continue;
    context.report.error([...path, key], 'is for a unix: listener: others have no file', 'key');
  }
  return {
    listen,
    tls: config.tls,
    certificate: file(config.certificate),
    key: file(config.key),
    mode: config.mode ?? 0o660,
    group: config.group ?? null,
    auth: config.auth,
    accountLogin: config.account_login,
    proxyProtocol: config.proxy_protocol,
    xclient: config.xclient,
  };
}

function checkTls(config: ListenerConfig, path: Path, context: BuildContext): void {
  const { report } = context;
  if (config.tls !== 'none') {
    readCertificatePair(config, path, context);
    if (config.certificate !== undefined || config.key !== undefined) return;
    report.error([...path, 'tls'], `${config.tls} needs certificate and key`);
    return;
  }
  if (config.certificate !== undefined) {
    report.warn([...path, 'certificate'], 'is not used while tls is none', 'key');
  }
  if (isLocalListener(config.listen)) return;
  if (config.auth === 'required' || config.account_login) {
    report.error(
      [...path, 'listen'],
      'other machines reach this listener and tls is none: passwords would travel in the clear; set ' +
        'tls to starttls or implicit, or listen on 127.0.0.1',
    );
  }
}
