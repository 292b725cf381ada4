import type { EventSink } from '../relay/events.ts';
import type { MessageId } from '../relay/message.ts';
import type { Clock, Dispatch, QueueStore, Spool } from '../relay/ports.ts';
import type { Settings } from '../relay/settings.ts';
import type { HoldRule } from '../relay/steering.ts';
import type { SuppressionLookup } from '../relay/suppression.ts';
import type { Authenticator } from './authenticator.ts';
import type { ClientRates } from './client-rates.ts';
import type { DiskSpace } from './disk-space.ts';
import type { LoginLimit } from './login-limit.ts';
import type { MemoryBudget } from './memory-budget.ts';
import type { Pace } from './pace.ts';
import type { Registry } from './registry.ts';

/** What the sessions of all listeners share. */
export interface Core {
  /** The configuration in force. */
  readonly settings: () => Settings;
  readonly store: Pick<QueueStore, 'accept'>;
  readonly spool: Spool;
  readonly dispatch: Dispatch;
  /** The hold rules in force at this moment. */
  readonly holds: { readonly current: readonly HoldRule[] };
  readonly suppressed: SuppressionLookup;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly newMessageId: () => MessageId;
  readonly pace: Pace;
  readonly authenticator: Authenticator;
  readonly logins: LoginLimit;
  readonly rates: ClientRates;
  readonly memory: MemoryBudget;
  readonly disk: DiskSpace;
  readonly registry: Registry;
  /** Open: mail is taken. */
  readonly gate: { open: boolean };
}
