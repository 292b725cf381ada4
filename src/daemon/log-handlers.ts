import type { ControlHandlers } from '../control/wire.ts';
import type { LogEntry } from '../relay/log-search.ts';
import { evidenceOf } from './evidence.ts';
import { accountNamed, messageNamed } from './named.ts';
import type { Relay } from './relay.ts';

/** What relayctl may ask about messages of the past. */
export function logHandlers(
  relay: Relay,
  nowMs: () => number,
): Pick<ControlHandlers, 'log.search' | 'evidence'> {
  const { store } = relay;
  return {
    'log.search': async (find) => {
      const page = await store.search(find);
      const { account } = find.query;
      // A mistyped one would look like an account that has sent nothing.
      const nothing = page.entries.length === 0 && page.next === null && find.before === null;
      if (nothing && account !== undefined) accountNamed(relay.settings(), account);
      return { ...page, entries: page.entries.map(withoutDialogues) };
    },

    evidence: async ({ id }) => evidenceOf(relay, await messageNamed(store, id), nowMs()),
  };
}

/** They are for the evidence of one message; a page of them would be long. */
function withoutDialogues({ queued, history }: LogEntry): LogEntry {
  if (history === null) return { queued, history };
  const { dialogues: _, ...rest } = history;
  return { queued, history: rest };
}
