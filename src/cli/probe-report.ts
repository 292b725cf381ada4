import type { PortSurvey } from '../delivery/port-survey.ts';
import type { Account } from '../relay/account.ts';
import { advise, byMerit, type PortAdvice, type PortLogin } from './probe-advice.ts';

/** What `relayctl upstream probe --json` prints. */
export interface SurveyReport {
  readonly host: string;
  readonly account: string | null;
  readonly usable: boolean;
  /** The port to use and its lines of relay.yaml. */
  readonly best: { readonly port: number; readonly lines: readonly string[] } | null;
  /** In the order asked for. */
  readonly ports: readonly PortReport[];
  /** What an operator should know of the whole. */
  readonly notes: readonly string[];
}

export type PortReport = PortSurvey & {
  /** Until the certificate's end; negative when it is over, null without a certificate. */
  readonly daysLeft: number | null;
  readonly login: PortLogin | null;
  readonly usable: boolean;
  readonly verdict: string;
  readonly lines: PortAdvice['lines'];
};

const DAY_MS = 86_400_000;

/** Puts what was seen of the ports together, and says which to use. */
export function reportOf(
  ports: readonly PortSurvey[],
  logins: ReadonlyMap<number, PortLogin> | null,
  asked: { readonly host: string; readonly account: Account | null; readonly nowMs: number },
): SurveyReport {
  const { host, account, nowMs } = asked;
  const loginWanted =
    account === null ? null : account.auth !== 'none' && account.username !== null;
  const subject = { name: account?.name ?? 'upstream', host, loginWanted, nowMs };
  const entries = ports.map((port) => {
    const login = logins?.get(port.port) ?? null;
    return { port, login, advice: advise(port, login, subject) };
  });
  const [best] = byMerit(entries.filter(({ advice }) => advice.usable));
  return {
    host,
    account: account?.name ?? null,
    usable: best !== undefined,
    best: best === undefined ? null : { port: best.port.port, lines: best.advice.lines },
    ports: entries.map(({ port, login, advice }) => ({
      ...port,
      daysLeft:
        port.certificate === null
          ? null
          : Math.floor((port.certificate.validToMs - nowMs) / DAY_MS),
      login,
      ...advice,
    })),
    notes: [...blockedNotes(ports), ...nameNotes(best?.port, host)],
  };
}

function blockedNotes(ports: readonly PortSurvey[]): string[] {
  const filtered = ports.filter(({ state }) => state === 'filtered').map(({ port }) => port);
  if (filtered.length === 0) return [];
  const list = `${filtered.length === 1 ? 'Port' : 'Ports'} ${filtered.join(', ')}`;
  if (filtered.length === ports.length) {
    return [
      `${list}: no answer at all. The host may be off, or the hoster of this machine may block ` +
        'outgoing mail: ask there, or use a provider with a port that is not blocked.',
    ];
  }
  return [
    `${list}: no answer, while the host answers elsewhere. Either it drops what it does not ` +
      'serve, or the hoster of this machine blocks outgoing mail there.',
  ];
}

function nameNotes(best: PortSurvey | undefined, host: string): string[] {
  const { certificate } = best ?? {};
  if (certificate?.faults.includes('name-mismatch') !== true) return [];
  return [
    `The certificate is for ${certificate.names.join(', ')}, not for ${host}: make sure that it is ` +
      'the right server before you use the lines.',
  ];
}
