import { Secret } from '../../lib/secret.ts';
import type { TlsException, TlsMode, TlsPolicy } from '../../relay/account.ts';
import { isLoopbackHost } from '../listen-address.ts';
import type { AccountConfig } from '../schema/relay.ts';
import { readCertificatePair } from './certificate.ts';
import { type BuildContext, type Path, readPem } from './context.ts';

const DAY_MS = 86_400_000;

interface Place {
  readonly path: Path;
  readonly context: BuildContext;
}

/** `accounts.*.tls:`; contradictions and what would send a password unprotected are reported. */
export function buildTls(
  config: AccountConfig,
  server: { host: string; login: boolean; usualMode: TlsMode },
  place: Place,
): TlsPolicy {
  const { tls } = config;
  const { path, context } = place;
  const mode = tls.mode ?? server.usualMode;
  const pair = readCertificatePair(config, path, context);
  checkProtection(config, { ...server, mode }, place);
  checkPins(config, place);
  return {
    mode,
    verify: tls.verify,
    ca:
      tls.ca === undefined
        ? null
        : readPem(tls.ca, [...path, 'tls', 'ca'], { context, label: 'CERTIFICATE' }),
    pins: (tls.pin ?? []).map((pin) => pin.slice('sha256//'.length)),
    servername: tls.servername ?? server.host,
    minimum: tls.minimum,
    exception: buildException(config, place),
    certificate: pair?.certificate ?? null,
    key: pair === null ? null : new Secret(pair.key),
  };
}

/** RFC 8314 section 3.3 (465); 2465 is its twin at several providers. */
export function modeOfPort(port: number): TlsMode {
  return port === 465 || port === 2465 ? 'implicit' : 'starttls';
}

function checkProtection(
  { tls }: AccountConfig,
  server: { host: string; login: boolean; mode: TlsMode },
  { path, context: { report } }: Place,
): void {
  const at = (key: string) => [...path, 'tls', key];
  if (server.mode === 'none' && server.login && !isLoopbackHost(server.host)) {
    report.error(
      at('mode'),
      'none, but the account logs in: its password would travel in the clear; use starttls or implicit',
    );
  }
  if (server.mode === 'none') {
    for (const key of ['pin', 'ca', 'exception'] as const) {
      if (tls[key] === undefined) continue;
      report.warn(at(key), 'is not used while tls.mode is none', 'key');
    }
  }
  if (server.mode === 'none' || tls.verify !== 'off') return;
  report.warn(
    at('verify'),
    server.login
      ? 'off: passwords are sent only to verified servers, so this account cannot log in; use ' +
          '`verify: pin` with the key of the server'
      : 'off: anybody on the way can read and change the mail; `verify: pin` is safe with any certificate',
  );
}

function checkPins({ tls }: AccountConfig, { path, context: { report } }: Place): void {
  if (tls.pin !== undefined) return;
  const remedy = '`relayctl account test` shows the pin of the server';
  if (tls.verify === 'pin') report.error([...path, 'tls', 'verify'], `pin needs pin: ${remedy}`);
  if (tls.exception !== undefined) {
    report.error([...path, 'tls', 'exception'], `needs pin beside it: ${remedy}`, 'key');
  }
}

function buildException({ tls }: AccountConfig, { path, context }: Place): TlsException | null {
  if (tls.exception === undefined) return null;
  const { allow, reason, until } = tls.exception;
  const at = [...path, 'tls', 'exception', 'until'];
  const daysLeft = Math.ceil((until - context.nowMs) / DAY_MS);
  if (daysLeft <= 0) {
    context.report.warn(
      at,
      `is past: the exception no longer holds and the server is refused (${reason})`,
    );
  } else if (daysLeft <= 14) {
    const days = daysLeft === 1 ? 'within a day' : `in ${daysLeft} days`;
    context.report.warn(at, `the exception ends ${days}; then the server is refused (${reason})`);
  }
  return { allow, reason, untilMs: until };
}
