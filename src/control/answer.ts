import { StoreError } from '../relay/ports.ts';
import {
  type Answer,
  type Ask,
  ControlError,
  type ControlHandlers,
  type Outlet,
  type RequestName,
} from './wire.ts';

/** Checks a request and has it answered. Rejects with ControlError when it is not in order. */
export async function answerRequest(
  request: string,
  { ask, outlet }: { readonly ask: unknown; readonly outlet: Outlet<unknown> },
  handlers: ControlHandlers,
): Promise<unknown> {
  // The first request loads what checks requests; a relay that nobody asks anything goes without.
  const { ASKS } = await import('./requests.ts');
  if (!Object.hasOwn(ASKS, request)) {
    throw new ControlError('protocol', `unknown request ${JSON.stringify(request)}`);
  }
  const name = request as RequestName;
  const parsed = ASKS[name].safeParse(ask);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const place = [name, ...(issue?.path ?? [])].join('.');
    throw new ControlError('invalid', `${place}: ${issue?.message ?? 'wrong arguments'}`);
  }
  return handled(name, { ask: parsed.data, outlet }, handlers);
}

function handled(
  name: RequestName,
  { ask, outlet }: { readonly ask: unknown; readonly outlet: Outlet<unknown> },
  handlers: ControlHandlers,
): Promise<unknown> {
  // What was asked is in order for this very name; the compiler cannot follow a name through two
  // tables.
  const handler = handlers[name] as (ask: unknown, outlet: Outlet<unknown>) => Promise<unknown>;
  return handler(ask, outlet);
}

export function asControlError(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof StoreError) return new ControlError('storage', error.message);
  return new ControlError('internal', error instanceof Error ? error.message : String(error));
}

/** Asks what a client of the socket may ask, from within the daemon. Rejects with ControlError. */
export type Asker = <Name extends RequestName>(name: Name, ask: Ask<Name>) => Promise<Answer<Name>>;

export function asker(handlers: ControlHandlers): Asker {
  return askerBy((name, ask) => answerRequest(name, { ask, outlet: nowhere }, handlers));
}

/** As `asker`, for asks in which nothing came from outside: none is checked. */
export function ownAsker(handlers: ControlHandlers): Asker {
  return askerBy((name, ask) => handled(name, { ask, outlet: nowhere }, handlers));
}

function askerBy(answer: (name: RequestName, ask: unknown) => Promise<unknown>): Asker {
  return async <Name extends RequestName>(name: Name, ask: Ask<Name>) => {
    try {
      return (await answer(name, ask)) as Answer<Name>;
    } catch (error) {
      throw asControlError(error);
    }
  };
}

/** Nobody reads parts here. */
const nowhere: Outlet<unknown> = {
  send: async () => {},
  offer: () => false,
  over: () => AbortSignal.abort(),
};
