import type { TlsFault } from './account.ts';
import type { CredentialSlot } from './credential.ts';
import type { MessageId } from './message.ts';
import type { ReasonClass } from './outcome.ts';

/** What happens to accounts, and between them and their upstreams. */
export type AccountEvent =
  | {
      readonly is: 'account.held';
      readonly account: string;
      readonly reason: ReasonClass;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'account.paused';
      readonly account: string;
      readonly reason: ReasonClass;
      readonly detail: string;
      readonly untilMs: number;
      readonly hint: string;
    }
  | {
      readonly is: 'account.slowed';
      readonly account: string;
      /** What it keeps to from now on; null: as fast as it goes. */
      readonly perSecond: number | null;
      /** At once. */
      readonly connections: number;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'account.resumed';
      readonly account: string;
      readonly by: 'operator' | 'reload' | 'success';
    }
  | {
      readonly is: 'sender.held';
      readonly account: string;
      readonly sender: string;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'sender.released';
      readonly account: string;
      readonly sender: string;
      readonly by: 'operator' | 'reload';
    }
  /** Another account of the route takes what is meant for `account`; said once per pair. */
  | {
      readonly is: 'failover.used';
      readonly account: string;
      readonly to: string;
      readonly reason: ReasonClass | null;
    }
  | { readonly is: 'failover.ended'; readonly account: string; readonly to: string }
  | {
      readonly is: 'account.misrouted';
      readonly account: string;
      readonly authenticatedAs: string;
      readonly id: MessageId;
    }
  | {
      readonly is: 'account.logged-in';
      readonly account: string;
    }
  | {
      readonly is: 'credential.switched';
      readonly account: string;
      readonly to: CredentialSlot;
      readonly hint: string;
    }
  | {
      readonly is: 'credential.fell-back';
      readonly account: string;
      readonly to: CredentialSlot;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'credential.refused';
      readonly account: string;
      readonly slot: CredentialSlot;
      readonly detail: string;
      readonly hint: string;
    }
  | {
      readonly is: 'connection.opened';
      readonly account: string;
      readonly peer: string;
      readonly tls: string | null;
      readonly tookMs: number;
    }
  | {
      readonly is: 'connection.closed';
      readonly account: string;
      readonly peer: string;
      readonly messages: number;
      readonly why: string;
    }
  | {
      readonly is: 'tls.exception-used';
      readonly account: string;
      readonly fault: string;
      readonly untilMs: number;
      /** Why it is tolerated, as relay.yaml says. */
      readonly detail: string;
    }
  | {
      readonly is: 'tls.exception-ending';
      readonly account: string;
      readonly allow: readonly TlsFault[];
      readonly detail: string;
      readonly untilMs: number;
      /** 0: it has ended. */
      readonly daysLeft: number;
    }
  | {
      readonly is: 'certificate.expiring';
      readonly account: string;
      /** `host:port` */
      readonly server: string;
      readonly subject: string;
      /** In the notation of `tls.pin`. */
      readonly pin: string;
      readonly validToMs: number;
      readonly daysLeft: number;
      /** An account that has not connected for long may have a new one by now. */
      readonly lastSeenAtMs: number;
    }
  | {
      readonly is: 'certificate.changed';
      readonly account: string;
      /** `host:port` */
      readonly server: string;
      /** Both in the notation of `tls.pin`. */
      readonly oldPin: string;
      readonly newPin: string;
      readonly issuer: string;
      readonly validToMs: number;
    };
