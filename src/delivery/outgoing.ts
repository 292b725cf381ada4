import { type HeaderChange, HeaderEdit } from '../mail/header-edit.ts';
import { reasonOf } from '../policy/classify.ts';
import { planMessage } from '../policy/route.ts';
import { authorOf, sendsAs } from '../policy/sends-as.ts';
import type { Account } from '../relay/account.ts';
import type { Body, Message } from '../relay/message.ts';
import type { Cause } from '../relay/outcome.ts';
import type { Spool } from '../relay/ports.ts';
import type { Work } from '../relay/queue.ts';
import type { Route } from '../relay/route.ts';
import type { Settings } from '../relay/settings.ts';
import type { Recipients } from './grouping.ts';
import { headFields } from './head-fields.ts';
import type { Result } from './judge.ts';
import type { Letter } from './letter.ts';

/** What becomes of recipients whose message cannot be read. */
type OwnFault = Extract<Result, { is: 'held' }>;

/** A message as an account sends it to recipients of one route. */
export interface Outgoing {
  /** With the addresses that the upstream gets to see. */
  readonly message: Message;
  readonly head: Buffer | null;
  readonly body: Letter['body'];
  /** Of head and body, exactly. */
  readonly bytes: number;
}

export type Ready = Outgoing | { readonly unreadable: OwnFault };

export interface OutgoingGiven {
  readonly settings: Settings;
  readonly account: Account;
  readonly work: Work;
  readonly body: Body;
  readonly spool: Spool;
}

/**
 * What one attempt sends, by the routes in force: queued mail follows them, and so does what they
 * change in it. The stored message stays as it came.
 */
export class OutgoingMail {
  readonly #given: OutgoingGiven;
  readonly #routes: ReadonlyMap<number, Route | null> | null;
  /** As it is for whom no route changes anything, which is nearly always everybody. */
  #asIs: Ready | Promise<Ready> | null = null;
  readonly #ready = new Map<Route, Ready | Promise<Ready>>();

  constructor(given: OutgoingGiven) {
    this.#given = given;
    const { settings, work } = given;
    this.#routes = mayChange(settings.routes) ? routesOf(settings, work) : null;
  }

  /** The recipients in groups that get the same bytes. */
  groups(): Recipients[] {
    const { recipients } = this.#given.work;
    if (this.#routes === null) return [recipients];
    return [...Map.groupBy(recipients, (one) => this.#routeOf([one])).values()];
  }

  /** For recipients of one group; a promise where the spool has to be read first. */
  for(recipients: Recipients): Ready | Promise<Ready> {
    const route = this.#routeOf(recipients);
    if (route === null) {
      this.#asIs ??= this.#compose(null);
      return this.#asIs;
    }
    const ready = this.#ready.get(route) ?? this.#compose(route);
    this.#ready.set(route, ready);
    return ready;
  }

  #compose(route: Route | null): Ready | Promise<Ready> {
    try {
      const composed = compose(this.#given, route);
      return composed instanceof Promise ? composed.catch(unreadable) : composed;
    } catch (error) {
      return unreadable(error);
    }
  }

  #routeOf([first]: Recipients): Route | null {
    return this.#routes?.get(first?.index ?? -1) ?? null;
  }
}

const changing = new WeakMap<Settings['routes'], boolean>();

/** Whether any route may change what is sent: without one, no message is asked about. */
function mayChange(routes: Settings['routes']): boolean {
  const known = changing.get(routes);
  if (known !== undefined) return known;
  const may = routes.some(
    ({ edits, action }) =>
      edits !== undefined || (action.is === 'accounts' && action.accounts.length > 1),
  );
  changing.set(routes, may);
  return may;
}

/** By the recipients' indexes. One route stands for all with the same plan. */
function routesOf(settings: Settings, { message }: Work): ReadonlyMap<number, Route | null> {
  const plans = planMessage(settings, message);
  return new Map(
    plans.flatMap(({ indexes, route }) => indexes.map((index) => [index, route] as const)),
  );
}

function unreadable(error: unknown): Ready {
  const detail = `body: ${error instanceof Error ? error.message : String(error)}`;
  const cause: Cause = { from: 'us', reason: 'quarantined', detail };
  return { unreadable: { is: 'held', cause, reason: reasonOf(cause) } };
}

function compose(
  { account, work, body, spool, settings }: OutgoingGiven,
  route: Route | null,
): Outgoing | Promise<Outgoing> {
  const { change, message } = changes(work.message, account, route);
  const { echoField, headers } = account;
  const isEchoed = echoField !== undefined && settings.feedback !== null;
  const own = isEchoed ? { ...headers, [echoField]: work.message.id } : headers;
  const head = headFields(own, route?.edits?.add ?? null);
  const headBytes = head?.length ?? 0;
  if (body.in === 'memory') {
    const bytes = change === null ? body.bytes : edited(body.bytes, change);
    return { message, head, body: bytes, bytes: bytes.length + headBytes };
  }
  const read = (): AsyncIterable<Buffer> => whole(spool.read(body.file), body.bytes);
  const bytes = message.bytes + headBytes;
  if (change === null) return { message, head, body: read, bytes };
  return growth(read(), change).then((grownBytes) => {
    return { message, head, body: () => editedStream(read(), change), bytes: bytes + grownBytes };
  });
}

/** A file that was cut short must not go out as if it were all of the message. */
async function* whole(stream: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const chunk of stream) {
    read += chunk.length;
    yield chunk;
  }
  if (read !== bytes) throw new Error(`the stored body has ${read} bytes instead of ${bytes}`);
}

function changes(
  message: Message,
  account: Account,
  route: Route | null,
): { readonly change: HeaderChange | null; readonly message: Message } {
  if (route === null) return { change: null, message };
  const author = authorOf(message);
  const shown = sendsAs(account, route, author);
  const remove = [...(route.edits?.remove ?? []), ...foreignFields(account, route)];
  if (shown === author) {
    return { change: remove.length === 0 ? null : { remove, from: null }, message };
  }
  const { alsoFrom: _, ...rest } = message;
  const [from = null] = shown.from;
  const envelope = { ...message.envelope, reversePath: shown.reversePath };
  return { change: { remove, from }, message: { ...rest, envelope, from } };
}

/**
 * An app writes the fields of the provider it knows, the first of its route. On another one they
 * mean nothing, and tell strangers what was meant for that provider.
 */
function foreignFields(account: Account, { action }: Route): readonly string[] {
  const [first] = action.is === 'accounts' ? action.accounts : [];
  return first === undefined || first === account.name ? [] : (account.foreignFields ?? []);
}

function edited(bytes: Buffer, change: HeaderChange): Buffer {
  const edit = new HeaderEdit(change);
  return Buffer.concat([...edit.push(bytes), ...edit.end()]);
}

async function* editedStream(
  stream: AsyncIterable<Buffer>,
  change: HeaderChange,
): AsyncGenerator<Buffer> {
  const edit = new HeaderEdit(change);
  for await (const chunk of stream) yield* edit.push(chunk);
  yield* edit.end();
}

/** By how much the message becomes longer: only its header is read. */
async function growth(stream: AsyncIterable<Buffer>, change: HeaderChange): Promise<number> {
  const edit = new HeaderEdit(change);
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += lengthOf(edit.push(chunk)) - chunk.length;
    if (edit.passed) return bytes;
  }
  return bytes + lengthOf(edit.end());
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
