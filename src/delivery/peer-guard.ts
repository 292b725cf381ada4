import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Account } from '../relay/account.ts';
import type { SeenCertificate } from '../relay/certificate.ts';
import type { EventSink } from '../relay/events.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Clock } from '../relay/ports.ts';
import { type CertificateFacts, inspectCertificate, seenOf } from './certificate.ts';
import { networkCause } from './fault.ts';
import type { UpstreamSession } from './session.ts';
import { explainRefusal, judgeTls, type TlsVerdict } from './tls-verdict.ts';

/** Who watches an opening, for `relayctl account test`. */
export interface OpenWitness {
  connected(socket: Socket): void;
  secured(socket: TLSSocket, facts: CertificateFacts | null): void;
  session(session: UpstreamSession): void;
}

/** Told of every handshake's certificate, whatever it is worth. */
export type OnCertificate = (account: Account, seen: SeenCertificate) => void;

export interface GuardOptions {
  readonly account: Account;
  readonly clock: Clock;
  readonly emit: EventSink;
  readonly onCertificate?: OnCertificate;
  readonly witness?: OpenWitness;
}

/**
 * Judges what the handshake brought, remembers how far the peer can be trusted, and says so once.
 */
export class PeerGuard {
  trusted = false;
  judged = false;
  hint: string | null = null;
  readonly #options: GuardOptions;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** A cause when nothing more may be sent to this peer. */
  inspect(socket: TLSSocket): Cause | null {
    const { account, clock, emit, onCertificate, witness } = this.#options;
    const nowMs = clock();
    this.judged = true;
    const facts = inspectCertificate(socket, account.tls, nowMs);
    witness?.secured(socket, facts);
    if (facts !== null) onCertificate?.(account, seenOf(facts));
    const verdict: TlsVerdict = judgeTls(account.tls, facts, nowMs);
    this.trusted = verdict.is === 'verified' || verdict.is === 'tolerated';
    if (verdict.is === 'tolerated') {
      const { reason: detail, untilMs } = verdict.exception;
      const fault = verdict.faults.join(', ');
      emit({ is: 'tls.exception-used', account: account.name, fault, untilMs, detail });
    }
    if (verdict.is !== 'refused') return null;
    const { detail, hint } = explainRefusal(account, facts, verdict, nowMs);
    this.hint = hint;
    const phase = account.tls.mode === 'implicit' ? 'connect' : 'starttls';
    return networkCause(phase, 'tls', detail);
  }
}
