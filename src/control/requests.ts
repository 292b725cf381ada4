import { z } from 'zod';
import { QUEUE_VERBS } from '../policy/queue-verbs.ts';
import { STATS_KEYS } from '../policy/sending-stats.ts';
import type { LogQuery } from '../relay/log-search.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import type { QueueFilter } from '../relay/queue.ts';
import { QUEUE_GROUP_KEYS, QUEUE_SORTS } from '../relay/queue-views.ts';
import { FEEDBACK_ASKS } from './feedback-asks.ts';
import { LOG_LEVELS, traceMsMax } from './steering-wire.ts';
import { type Ask, logPageMax, queuePageMax, type RequestName } from './wire.ts';

/**
 * Whoever may open the socket may send anything: every request is checked before a handler sees it.
 */

const addressCharactersMax = 1024;
const reasonCharactersMax = 500;

const Id = z
  .string()
  .refine((text) => messageIdToNumber(text) !== null, 'is not a message id')
  .transform((text) => text.toLowerCase() as MessageId);
const Name = z.string().min(1).max(200);
const Address = z.string().max(addressCharactersMax);
/** It ends up in logs and in DSNs: one line of text. */
const Reason = z
  .string()
  .min(1)
  .max(reasonCharactersMax)
  .regex(/^[^\x00-\x1f\x7f-\x9f]+$/, 'must not hold control characters');
/** It becomes a header field of a message of ours, which does not ask for SMTPUTF8. */
const OwnAddress = Address.regex(/^[!-;=?-~]+@[!-;=?A-~]+$/, 'is not an ASCII mail address');
/** It goes into SMTP commands: no control characters, no brackets, spaces only where they are quoted. */
const Path = Address.regex(
  /^(?:"[^\x00-\x1f\x7f]*"|[^\x00-\x20\x7f<>"]*)(?:@[^\x00-\x20\x7f<>@]+)?$/,
);
/** A parameter of MAIL or RCPT, RFC 3461 section 4: xtext. */
const Parameter = z.string().regex(/^[!-~]{1,500}$/);
/** The id that another mail program had for a message. */
const ForeignId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
/** Up to the year 2039, where the numbers of message ids end. */
const Instant = z
  .int()
  .min(0)
  .max(2 ** 41 - 1);

/** JSON has no undefined: a key is there or it is not. */
const Filter = z
  .strictObject({
    id: Id.optional(),
    account: Name.optional(),
    client: Name.optional(),
    sender: Address.optional(),
    recipient: Address.optional(),
    states: z.array(z.enum(['waiting', 'leased', 'in-doubt', 'held', 'quarantined'])).optional(),
    olderThanMs: Instant.optional(),
    newerThanMs: Instant.optional(),
    reasons: z.array(z.enum(REASON_CLASSES)).optional(),
  })
  .transform((filter) => filter as QueueFilter);

const Query = z
  .strictObject({
    id: Id.optional(),
    messageIdField: Address.optional(),
    sender: Address.optional(),
    recipient: Address.optional(),
    account: Name.optional(),
    client: Name.optional(),
    providerId: Address.optional(),
    sinceMs: Instant.optional(),
    untilMs: Instant.optional(),
  })
  .transform((query) => query as LogQuery);

const Nothing = z.strictObject({});
const WithId = z.strictObject({ id: Id });
const Named = z.strictObject({ name: Name });
const NamedWithSender = z
  .strictObject({ name: Name, sender: Address.optional() })
  .transform((ask) => ask as Ask<'account.resume'>);
const Filtered = z.strictObject({ filter: Filter });
const Flush = z.strictObject({ filter: Filter, includeHeld: z.boolean() });
const FilteredWithReason = z.strictObject({ filter: Filter, reason: Reason });

const Pattern = Address.regex(/^(?:\*|.*@[^\s@]+)$/, 'is no address and no @domain').nullable();
/** Longest time that one timer can wait. */
const timerMsMax = 2 ** 31 - 1;
const Duration = Instant.min(1).nullable();

export const ASKS: { readonly [Name in RequestName]: z.ZodType<Ask<Name>> } = {
  ...FEEDBACK_ASKS,
  status: Nothing,
  'queue.list': z.strictObject({
    filter: Filter,
    sort: z.enum(QUEUE_SORTS).optional(),
    after: Id.nullable(),
    limit: z.int().min(1).max(queuePageMax),
  }),
  'queue.count': z.strictObject({
    filter: Filter,
    verb: z.enum(QUEUE_VERBS),
    includeHeld: z.boolean(),
  }),
  'queue.stats': z.strictObject({
    filter: Filter,
    by: z.array(z.enum(QUEUE_GROUP_KEYS)).max(QUEUE_GROUP_KEYS.length),
  }),
  'message.read': z.strictObject({
    id: Id,
    what: z.enum(['raw', 'headers', 'body']),
    stored: z.boolean(),
  }),
  'queue.show': WithId,
  'queue.flush': Flush,
  'queue.hold': FilteredWithReason,
  'queue.release': Filtered,
  'queue.remove': Filtered,
  'queue.bounce': FilteredWithReason,
  'log.search': z.strictObject({
    query: Query,
    before: Id.nullable(),
    limit: z.int().min(1).max(logPageMax),
  }),
  evidence: WithId,
  'queue.reroute': z.strictObject({
    filter: Filter,
    to: Name.nullable(),
    force: z.boolean(),
    dryRun: z.boolean(),
  }),
  'account.list': Nothing,
  'account.show': Named,
  'account.hold': z.strictObject({ name: Name, reason: Reason }),
  'account.resume': NamedWithSender,
  'account.test': Named.extend({
    send: z.strictObject({ from: OwnAddress.nullable(), to: OwnAddress.nullable() }).optional(),
  }),
  'account.login': Named,
  'account.login-progress': Named,
  'route.test': z.strictObject({
    from: Address,
    to: Address,
    client: Name.nullable(),
    headers: z.record(z.string(), z.string().max(reasonCharactersMax)),
  }),
  'config.show': Nothing,
  stats: z.strictObject({
    by: z.array(z.enum(STATS_KEYS)).max(STATS_KEYS.length),
    sinceMs: Instant,
  }),
  'message.recorded': z.strictObject({
    part: z.enum(['queue', 'history']),
    sinceMs: Instant,
    after: Id.nullable(),
    limit: z.int().min(1).max(queuePageMax),
  }),
  'relay.pause': z.strictObject({ reason: Reason, forMs: Duration }),
  'relay.resume': Nothing,
  'relay.drain': z.strictObject({
    reason: Reason,
    forMs: z.int().min(1).max(timerMsMax).nullable(),
  }),
  'relay.undrain': Nothing,
  'hold.add': z.strictObject({
    sender: Pattern,
    client: Name.nullable(),
    recipient: Pattern,
    account: Name.nullable(),
    reason: Reason,
    forMs: Duration,
    keep: z.boolean(),
  }),
  'hold.list': Nothing,
  'hold.remove': z.strictObject({ id: z.int().min(1), keep: z.boolean() }),
  'log.level': z.strictObject({
    level: z.enum(LOG_LEVELS).nullable(),
    forMs: z.int().min(1).max(timerMsMax).nullable(),
  }),
  top: Nothing,
  'queue.flush-plan': Flush,
  'queue.flush-progress': z.strictObject({ flush: z.int().min(1) }),
  trace: z.strictObject({
    account: Name.nullable(),
    forMs: z.int().min(1).max(traceMsMax),
  }),
  'alert.list': Nothing,
  'alert.test': z.strictObject({ to: Name.nullable() }),
  'message.send-test': z.strictObject({ from: OwnAddress, to: OwnAddress }),
  'import.piece': z.strictObject({
    key: ForeignId,
    offset: z.int().min(0),
    base64: z.base64(),
  }),
  'import.message': z.strictObject({
    key: ForeignId,
    bytes: z.int().min(1),
    receivedAtMs: Instant,
    frozen: z.boolean(),
    client: Name.nullable(),
    reversePath: Path,
    recipients: z
      .array(
        z.strictObject({
          forwardPath: Path.min(1),
          notify: z
            .string()
            .regex(/^(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)$/)
            .nullable(),
          orcpt: Parameter.nullable(),
        }),
      )
      .min(1),
    ret: z.enum(['FULL', 'HDRS']).nullable(),
    envid: Parameter.nullable(),
    smtpUtf8: z.boolean(),
  }),
};
