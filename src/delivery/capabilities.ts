import type { TLSSocket } from 'node:tls';
import type { Account } from '../relay/account.ts';
import type { Capabilities } from './letter.ts';
import type { UpstreamSession } from './session.ts';

/** `TLSv1.3 TLS_AES_256_GCM_SHA384` */
export function tlsName(socket: TLSSocket): string {
  return `${socket.getProtocol() ?? 'TLS'} ${socket.getCipher().standardName}`;
}

/** Mechanisms of every AUTH line, in upper case; some servers write `AUTH=`. */
export function authOffered(session: UpstreamSession): string[] {
  const lines = session.extensionLines.filter((line) => /^AUTH[ =]/i.test(line));
  return [...new Set(lines.flatMap((line) => line.slice(5).toUpperCase().split(/[ =]+/)))];
}

/** What EHLO offered, together with what the account's limits say. */
export function capabilitiesOf(session: UpstreamSession, account: Account): Capabilities {
  const offers = new Map(
    session.extensionLines.map((line) => {
      const [keyword = '', parameter = ''] = line.split(' ');
      return [keyword.toUpperCase(), parameter];
    }),
  );
  // RFC 1870 section 4: 0 or no number is no limit.
  const limits = [Number(offers.get('SIZE')) || 0, account.limits.messageBytes ?? 0];
  const known = limits.filter((limit) => limit > 0);
  return {
    pipelining: offers.has('PIPELINING'),
    eightBitMime: offers.has('8BITMIME'),
    smtpUtf8: offers.has('SMTPUTF8'),
    dsn: offers.has('DSN'),
    size: offers.has('SIZE'),
    sizeMax: known.length === 0 ? null : Math.min(...known),
  };
}
