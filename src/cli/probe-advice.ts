import { isLoopbackHost } from '../config/listen-address.ts';
import type { PortSurvey } from '../delivery/port-survey.ts';
import type { TlsFault } from '../relay/account.ts';

/** Outcome of a log-in with an account's credentials; `ok` is null when none was tried. */
export interface PortLogin {
  readonly ok: boolean | null;
  readonly detail: string;
  readonly hint: string | null;
}

/** What a port is good for. */
export interface PortAdvice {
  /** An account can use it, as it is or with the lines given. */
  readonly usable: boolean;
  readonly verdict: string;
  /** What goes into relay.yaml, one line each; empty for a port that is not usable. */
  readonly lines: readonly string[];
}

const DAY_MS = 86_400_000;
/** As long as a certificate's renewal may take. */
const exceptionDays = 30;

/** In the order in which they are recommended: RFC 8314 section 3.3, then the providers' others. */
const PREFERRED = [465, 587, 2465, 2587, 2525, 25];

interface Subject {
  readonly name: string;
  readonly host: string;
  /** Null without --account; whether it logs in with a password. */
  readonly loginWanted: boolean | null;
  readonly nowMs: number;
}

/** What a port is good for, and the lines of relay.yaml that use it. */
export function advise(port: PortSurvey, login: PortLogin | null, subject: Subject): PortAdvice {
  const no = (verdict: string): PortAdvice => ({ usable: false, verdict, lines: [] });
  switch (port.state) {
    case 'refused':
      return no('closed: nothing listens there');
    case 'filtered':
      return no('blocked: no answer at all, as behind a firewall');
    case 'unreachable':
      return no('not reachable from here');
    case 'unresolved':
      return no('the host has no address');
    case 'failed':
      return no('no SMTP session came about');
    case 'open':
      return adviseOpen(port, login, subject);
  }
}

function adviseOpen(port: PortSurvey, login: PortLogin | null, subject: Subject): PortAdvice {
  const no = (verdict: string): PortAdvice => ({ usable: false, verdict, lines: [] });
  const { host, loginWanted } = subject;
  if (port.starttlsBroken) return no('its STARTTLS does not work');
  if (port.mode === 'none' && !isLoopbackHost(host)) {
    return no('no TLS: a password would travel in the clear');
  }
  if (loginWanted !== false && port.auth.length === 0) {
    return no('no AUTH: it takes mail from machines it knows, or for its own domains');
  }
  if (login?.ok === false) return no('reachable, but the log-in failed');
  const lines = relayLines(port, subject);
  return { usable: true, verdict: `usable${provided(port, lines)}`, lines };
}

/** What the lines do about the certificate's faults, in words. */
function provided({ certificate }: PortSurvey, lines: readonly string[]): string {
  if (certificate === null || certificate.faults.length === 0) return '';
  const has = (key: string): boolean => lines.some((line) => line.trim().startsWith(key));
  if (has('servername:')) return ' under the name of its certificate';
  return has('exception:') ? ' with its key pinned and an exception' : ' with its key pinned';
}

/** Usable ports, the best first: a certificate that holds, a log-in that worked, the usual port. */
export function byMerit<Entry extends { port: PortSurvey; login: PortLogin | null }>(
  entries: readonly Entry[],
): Entry[] {
  const place = ({ port: { port } }: Entry): number => {
    const at = PREFERRED.indexOf(port);
    return at < 0 ? PREFERRED.length : at;
  };
  const faults = ({ port: { certificate } }: Entry): number => certificate?.faults.length ?? 0;
  const clear = ({ port: { mode } }: Entry): number => (mode === 'none' ? 1 : 0);
  const loggedIn = ({ login }: Entry): number => (login?.ok === true ? 0 : 1);
  return entries.toSorted(
    (a, b) =>
      loggedIn(a) - loggedIn(b) ||
      clear(a) - clear(b) ||
      faults(a) - faults(b) ||
      place(a) - place(b),
  );
}

function relayLines(port: PortSurvey, { name, host, nowMs }: Subject): string[] {
  const tls = tlsLines(port, nowMs).map((line) => `      ${line}`);
  const only = port.auth.length > 0 && port.auth.every((one) => one === 'XOAUTH2');
  return [
    'accounts:',
    `  ${name}:`,
    `    host: ${host.includes(':') ? `"${host}"` : host}`,
    `    port: ${port.port}`,
    ...(only ? ['    auth: xoauth2'] : []),
    '    tls:',
    ...tls,
  ];
}

function tlsLines({ mode, certificate, protocol }: PortSurvey, nowMs: number): string[] {
  const lines = [`mode: ${mode}`];
  if (/^TLSv1(?:\.1)? /.test(protocol ?? '')) lines.push('minimum: TLSv1');
  if (certificate === null || certificate.faults.length === 0) return lines;
  const { faults, names, pin } = certificate;
  const [concrete] = names.filter((name) => !name.includes('*'));
  if (only(faults, 'name-mismatch') && concrete !== undefined) {
    return [...lines, `servername: "${concrete}"`];
  }
  const pinned = `pin: ["sha256//${pin}"]`;
  // A key that is known needs no authority; dates that are over are tolerated until a date only.
  if (!faults.includes('expired')) return [...lines, 'verify: pin', pinned];
  const until = new Date(nowMs + exceptionDays * DAY_MS).toISOString().slice(0, 10);
  return [
    ...lines,
    pinned,
    'exception:',
    `  allow: [${faults.join(', ')}]`,
    '  reason: "renewal asked for"',
    `  until: ${until}`,
  ];
}

function only(faults: readonly TlsFault[], fault: TlsFault): boolean {
  return faults.length === 1 && faults[0] === fault;
}
