import type { PortSurvey, SurveyTarget } from '../delivery/port-survey.ts';
import { probeAccount } from '../delivery/probe.ts';
import { judgeTls } from '../delivery/tls-verdict.ts';
import { passingTokens } from '../delivery/tokens.ts';
import type { Account } from '../relay/account.ts';
import type { Clock } from '../relay/ports.ts';
import { byMerit, type PortLogin } from './probe-advice.ts';

interface Options {
  readonly hostname: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Logs in with the account's credentials at one open port after the other, the likeliest first.
 * Only where its TLS policy trusts the peer, and never again after they were refused: providers
 * count failures and lock accounts.
 */
export async function logInAtPorts(
  account: Account,
  ports: readonly PortSurvey[],
  target: SurveyTarget,
  options: Options,
): Promise<ReadonlyMap<number, PortLogin>> {
  const logins = new Map<number, PortLogin>();
  const tokens = passingTokens(options.clock, options.signal);
  let refusedAt: number | null = null;
  for (const { port } of byMerit(ports.map((port) => ({ port, login: null })))) {
    const obstacle = obstacleTo(account, port, target, options.clock());
    if (obstacle !== null) {
      logins.set(port.port, { ok: null, detail: obstacle, hint: null });
      continue;
    }
    if (refusedAt !== null) {
      const detail = `not tried again: refused at port ${refusedAt}`;
      logins.set(port.port, { ok: false, detail, hint: null });
      continue;
    }
    const report = await probeAccount(accountAt(account, port, target), { ...options, tokens });
    const last = report.steps.at(-1);
    if (!report.ok && last?.phase === 'auth') refusedAt = port.port;
    const { ok, hint } = report;
    logins.set(port.port, { ok, detail: last?.detail ?? '', hint });
  }
  return logins;
}

/** Why no password goes there; null when it may. */
function obstacleTo(
  account: Account,
  port: PortSurvey,
  target: SurveyTarget,
  nowMs: number,
): string | null {
  if (account.auth === 'none' || account.username === null) return 'not tried: it has no password';
  const grant = account.oauth2?.grant;
  if (grant?.is === 'refresh-token' && grant.refreshToken === null) {
    return 'not tried: only the daemon has its login; use `relayctl account test`';
  }
  if (port.state !== 'open') return '';
  if (port.mode === 'none') return 'not tried: no TLS';
  if (port.auth.length === 0) return 'not tried: no AUTH offered';
  const judged = judgeTls(accountAt(account, port, target).tls, port.certificate, nowMs);
  if (judged.is === 'verified' || judged.is === 'tolerated') return null;
  return 'not tried: the certificate is neither verified nor pinned';
}

function accountAt(account: Account, port: PortSurvey, target: SurveyTarget): Account {
  const { host, servername } = target;
  const tls = { ...account.tls, servername, mode: port.mode ?? account.tls.mode };
  return { ...account, host, port: port.port, tls };
}
