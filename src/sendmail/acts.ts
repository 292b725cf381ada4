import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import { eximId, fromEximId } from '../relay/exim-id.ts';
import type { MessageId } from '../relay/message.ts';
import { messageIdToNumber } from '../relay/message-id.ts';
import type { QueueRow } from '../relay/queue.ts';
import type { Act, Command, Match } from './command.ts';
import type { Desk } from './desk.ts';
import { SubmissionFailure } from './failure.ts';
import { isFrozen, shown } from './queue-lines.ts';
import { queueRows } from './queue-rows.ts';

/** What Exim exits with when an order could not be carried out. */
const failed = 1;

/** A message id in our own shape or as Exim writes them; throws SubmissionFailure. */
export function readId(text: string): MessageId {
  const id = fromEximId(text);
  if (id !== null) return id;
  if (messageIdToNumber(text) !== null) return text.toLowerCase() as MessageId;
  throw new SubmissionFailure(EX_USAGE, `malformed message id ${shown(text)}`);
}

/** -q, -qf, -qff, -R and -S. */
export async function run(
  { force, match }: Extract<Command, { is: 'run' }>,
  { ask }: Desk,
): Promise<number> {
  if (force === 'due') {
    // What is due goes by itself; only that the daemon is there is left to say.
    await ask('status', {});
    return EX_OK;
  }
  const includeHeld = force === 'all';
  if (match === null) {
    await ask('queue.flush', { filter: {}, includeHeld });
    return EX_OK;
  }
  const fits = matcher(match);
  for await (const row of queueRows({ ask })) {
    if (!fits(row) || (isFrozen(row) && !includeHeld)) continue;
    await ask('queue.flush', { filter: { id: row.message.id }, includeHeld });
  }
  return EX_OK;
}

function matcher({ side, text, pattern }: Match): (row: QueueRow) => boolean {
  const holds = pattern ? expression(text) : lowerCase(text);
  return ({ message, recipients }) => {
    const { reversePath, recipients: all } = message.envelope;
    if (side === 'sender') return holds(reversePath);
    return recipients.some(({ index }) => holds(all[index]?.forwardPath ?? ''));
  };
}

function lowerCase(text: string): (address: string) => boolean {
  const wanted = text.toLowerCase();
  return (address) => address.toLowerCase().includes(wanted);
}

function expression(text: string): (address: string) => boolean {
  try {
    const compiled = new RegExp(text, 'i');
    return (address) => compiled.test(address);
  } catch (error) {
    throw new SubmissionFailure(EX_USAGE, (error as Error).message);
  }
}

/** The -M options. Exim says for each message what became of it. */
export async function act(
  { act: what, ids }: Extract<Command, { is: 'act' }>,
  desk: Desk,
): Promise<number> {
  const read = ids.map(readId);
  let exitCode: number = EX_OK;
  for (const id of read) {
    const { done, text } = await actOn(what, id, desk);
    if (!done) exitCode = failed;
    if (text !== null) (done ? desk.out : desk.err)(`Message ${eximId(id)} ${text}\n`);
  }
  return exitCode;
}

interface Acted {
  readonly done: boolean;
  /** Null: Exim says nothing, either. */
  readonly text: string | null;
}

async function actOn(what: Act, id: MessageId, { ask }: Desk): Promise<Acted> {
  const filter = { id };
  const page = await ask('queue.list', { filter, after: null, limit: 1 });
  const [row] = page.rows;
  if (row === undefined) return { done: false, text: 'has been removed or did not exist' };
  const frozen = isFrozen(row);
  if (what === 'hold' && frozen) return { done: false, text: 'is already frozen' };
  if (what === 'release' && !frozen) return { done: false, text: 'is not frozen' };
  switch (what) {
    case 'deliver':
      await ask('queue.flush', { filter, includeHeld: true });
      return { done: true, text: null };
    case 'hold':
      return touched(
        await ask('queue.hold', { filter, reason: 'frozen by hand' }),
        'is now frozen',
      );
    case 'release':
      return touched(await ask('queue.release', { filter }), 'is no longer frozen');
    case 'remove':
      return touched(await ask('queue.remove', { filter }), 'has been removed');
    case 'bounce':
      return touched(
        await ask('queue.bounce', { filter, reason: 'delivery cancelled by administrator' }),
        null,
      );
  }
}

/** Recipients that are being sent right now are nobody's to touch. */
function touched({ recipients }: { readonly recipients: number }, text: string | null): Acted {
  return recipients > 0
    ? { done: true, text }
    : { done: false, text: 'is locked: it is being sent' };
}
