import type { MessageId } from '../../src/relay/message.ts';
import type { ReasonClass } from '../../src/relay/outcome.ts';
import type {
  Disposition,
  NewMessage,
  RecipientSettlement,
  RecipientState,
} from '../../src/relay/queue.ts';

/** Where a recipient is: in the queue, or gone to the history. */
export type Place = RecipientState | 'settled';

export interface ModelRecipient {
  state: RecipientState;
  lane: string;
  attempts: number;
  dueAtMs: number;
  delayWarned: boolean;
  lastText: string | null;
  lastReason: ReasonClass | null;
}

export interface ModelMessage {
  readonly entered: NewMessage;
  readonly recipients: Map<number, ModelRecipient>;
}

/** Leased work whose attempt has not ended. */
export interface Loan {
  readonly id: MessageId;
  /** Run of the daemon that holds it. */
  readonly run: string;
  readonly indexes: readonly number[];
}

/** What the queue must look like, without tables, threads or files. */
export interface Model {
  nowMs: number;
  /** How often the daemon and the machine have been started. */
  runs: number;
  boots: number;
  readonly queue: Map<MessageId, ModelMessage>;
  /** `ID INDEX` to outcome, of everything that was ever settled. */
  readonly settled: Map<string, string>;
  loans: Loan[];
  /** Of earlier runs, which nobody may settle any more. */
  lost: Loan[];
  /** Ids whose final dot is in the ledger. */
  dotted: Set<MessageId>;
}

export function emptyModel(nowMs: number): Model {
  return {
    nowMs,
    runs: 1,
    boots: 1,
    queue: new Map(),
    settled: new Map(),
    loans: [],
    lost: [],
    dotted: new Set(),
  };
}

export const runOf = ({ runs }: Model): string => `run-${runs}`;
export const bootOf = ({ boots }: Model): string => `boot-${boots}`;

/** Every transition that was made, as `FROM | EVENT | TO`. */
export type Transitions = Set<string>;

/** Changes recipients and notes which transition of the machine each of them made. */
export function machine(model: Model, made: Transitions) {
  const note = (from: Place | 'new', event: string, to: Place): void => {
    made.add(`${from} | ${event} | ${to}`);
  };
  const change = (
    recipient: ModelRecipient,
    event: string,
    next: Partial<ModelRecipient> & { readonly state: RecipientState },
  ): void => {
    note(recipient.state, event, next.state);
    Object.assign(recipient, next);
  };
  const leave = (
    { id, index }: { readonly id: MessageId; readonly index: number },
    event: string,
    outcome: string,
  ): void => {
    const message = model.queue.get(id);
    const recipient = message?.recipients.get(index);
    if (message === undefined || recipient === undefined) throw new Error(`${id} ${index} is gone`);
    note(recipient.state, event, 'settled');
    message.recipients.delete(index);
    if (message.recipients.size === 0) model.queue.delete(id);
    model.settled.set(`${id} ${index}`, outcome);
  };
  const enter = (entered: NewMessage): void => {
    const { message, start, lane } = entered;
    const fresh = (): ModelRecipient => ({
      state: start.is === 'discarded' ? 'held' : start.is,
      lane: lane ?? '',
      attempts: 0,
      dueAtMs: start.is === 'waiting' ? start.dueAtMs : 0,
      delayWarned: false,
      lastText: start.is === 'held' ? start.reason : null,
      lastReason: null,
    });
    const indexes = message.envelope.recipients.map((_, index) => index);
    if (start.is === 'discarded') {
      note('new', 'accept', 'settled');
      for (const index of indexes) model.settled.set(`${message.id} ${index}`, 'discarded');
      return;
    }
    note('new', 'accept', start.is);
    const recipients = new Map(indexes.map((index) => [index, fresh()]));
    model.queue.set(message.id, { entered, recipients });
    if (start.is === 'leased') model.loans.push({ id: message.id, run: runOf(model), indexes });
  };
  const settle = (loan: Loan, ends: readonly RecipientSettlement[]): void => {
    for (const { index, becomes, reason, text } of ends) {
      if (becomes.is === 'settled') {
        leave({ id: loan.id, index }, 'settle', becomes.outcome);
        continue;
      }
      const recipient = model.queue.get(loan.id)?.recipients.get(index);
      if (recipient === undefined) throw new Error(`${loan.id} ${index} is gone`);
      const rest = resting(recipient, becomes);
      change(recipient, 'settle', { ...rest, lastText: text, lastReason: reason });
    }
    const ended = new Set(ends.map(({ index }) => index));
    const indexes = loan.indexes.filter((index) => !ended.has(index));
    model.loans = model.loans.filter((one) => one !== loan);
    if (indexes.length > 0) model.loans.push({ ...loan, indexes });
  };
  return { change, leave, enter, settle };
}

export type Machine = ReturnType<typeof machine>;

function resting(
  { lane, attempts, delayWarned }: ModelRecipient,
  next: Exclude<Disposition, { is: 'settled' }>,
): Pick<ModelRecipient, 'state' | 'lane' | 'attempts' | 'dueAtMs' | 'delayWarned'> {
  switch (next.is) {
    case 'held':
      return { state: 'held', lane, attempts, dueAtMs: 0, delayWarned };
    case 'in-doubt':
      return {
        state: 'in-doubt',
        lane: next.lane,
        attempts: attempts + 1,
        dueAtMs: next.dueAtMs,
        delayWarned,
      };
    case 'waiting':
      return {
        state: 'waiting',
        lane: next.lane,
        attempts: attempts + (next.counted ? 1 : 0),
        dueAtMs: next.dueAtMs,
        delayWarned: next.delayWarned,
      };
  }
}

/** All recipients in the queue, in the order of ids and indexes. */
export function* recipientsOf(model: Model): Generator<{
  readonly id: MessageId;
  readonly index: number;
  readonly message: ModelMessage;
  readonly recipient: ModelRecipient;
}> {
  for (const id of [...model.queue.keys()].sort()) {
    const message = model.queue.get(id) as ModelMessage;
    for (const [index, recipient] of [...message.recipients]) {
      yield { id, index, message, recipient };
    }
  }
}
