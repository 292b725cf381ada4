import type { Asker } from '../control/answer.ts';
import { ControlError } from '../control/wire.ts';
import type { ProbeReport } from '../relay/probe-report.ts';
import type { QueueFilter } from '../relay/queue.ts';
import { VERBS, type Verb } from './buttons.ts';
import { idIn } from './queries.ts';
import { count } from './words.ts';

/** What an action came to. */
export type Done =
  /** `to`: the page that shows it. */
  | { readonly is: 'done'; readonly notice: string; readonly to: string }
  | { readonly is: 'tested'; readonly report: ProbeReport }
  /** It is for good: a person is asked once more. */
  | { readonly is: 'unsure'; readonly message: string };

export function isVerb(text: string): text is Verb {
  return Object.hasOwn(VERBS, text);
}

const operatorReason = 'held on the dashboard';

/** Does what a button says. Rejects with ControlError when it cannot be done. */
export async function act(ask: Asker, verb: Verb, form: URLSearchParams): Promise<Done> {
  const account = form.get('account');
  const message = form.get('message');
  const id = idIn(message);
  const to = id === null ? '/' : `/message/${id}`;
  const done = (notice: string): Done => ({ is: 'done', notice, to });
  switch (verb) {
    case 'flush': {
      const filter = filterOf(account, message);
      const { recipients, pause } = await ask('queue.flush', { filter, includeHeld: false });
      const but = pause === undefined ? '' : ', but all delivery is paused';
      return done(`${count(recipients, 'recipient')} will be tried now${but}.`);
    }
    case 'hold': {
      if (account !== null) {
        await ask('account.hold', { name: account, reason: operatorReason });
        return done(`Account ${account} is held: its mail waits.`);
      }
      const filter = filterOf(account, message);
      const { recipients } = await ask('queue.hold', { filter, reason: operatorReason });
      return done(`${count(recipients, 'recipient')} held.`);
    }
    case 'release': {
      const { recipients } = await ask('queue.release', { filter: filterOf(account, message) });
      return done(`${count(recipients, 'recipient')} released.`);
    }
    case 'resume': {
      const name = needed(account);
      const { flushed } = await ask('account.resume', { name });
      return done(
        `Account ${name} works again; ${count(flushed.recipients, 'recipient')} will be tried.`,
      );
    }
    case 'test':
      return { is: 'tested', report: await ask('account.test', { name: needed(account) }) };
    case 'bounce':
    case 'remove':
      return await end(ask, verb, form);
    case 'resume-relay': {
      await ask('relay.resume', {});
      return done('Delivery goes on.');
    }
  }
}

/** Only ever one message, and only when somebody has said yes. */
async function end(ask: Asker, verb: 'bounce' | 'remove', form: URLSearchParams): Promise<Done> {
  const message = needed(idIn(form.get('message')));
  if (form.get('sure') !== 'yes') return { is: 'unsure', message };
  const filter = filterOf(null, message);
  const { recipients } =
    verb === 'remove'
      ? await ask('queue.remove', { filter })
      : await ask('queue.bounce', { filter, reason: form.get('reason') ?? '' });
  const notice = `${count(recipients, 'recipient')} ${verb === 'remove' ? 'removed' : 'bounced'}.`;
  return { is: 'done', notice, to: `/message/${message}` };
}

/** Neither account nor message would be everything: no button says that. */
function filterOf(account: string | null, message: string | null): QueueFilter {
  return message === null ? { account: needed(account) } : { id: needed(idIn(message)) };
}

function needed<T>(value: T | null): T {
  if (value === null) throw new ControlError('invalid', 'the form does not say what it is about');
  return value;
}
