import type { Account } from '../relay/account.ts';
import type { Cause } from '../relay/outcome.ts';
import { placeOf } from './tls-verdict.ts';

/**
 * What to change in relay.yaml when TLS did not come about at all; null when nothing better is
 * known.
 */
export function handshakeAdvice(account: Account, cause: Cause): string | null {
  const place = placeOf(account);
  if (cause.from === 'peer' && cause.phase === 'starttls') {
    return `The server does not do STARTTLS now. If it speaks TLS from the start, in ${place}: \
tls: {mode: implicit} with the port for it (465 as a rule).`;
  }
  if (cause.from !== 'network') return null;
  if (cause.fault === 'tls' && /wrong version number|packet length too long/i.test(cause.detail)) {
    return `No TLS is spoken on port ${account.port} from the start: in ${place}: \
tls: {mode: starttls}.`;
  }
  if (cause.fault === 'tls' && /unsupported protocol|protocol version/i.test(cause.detail)) {
    return `The server has no ${account.tls.minimum} or later. Ask for an update of it; to accept \
what it has, in ${place}: tls: {minimum: TLSv1}.`;
  }
  if (cause.phase === 'greeting' && cause.fault === 'timeout' && account.tls.mode !== 'implicit') {
    return `The server said nothing. If it speaks TLS from the start, in ${place}: \
tls: {mode: implicit}.`;
  }
  return null;
}
