import type { TopReport, TraceEndReport } from '../control/steering-reports.ts';
import { traceLinesMax } from '../control/steering-wire.ts';
import { type Answer, type Ask, ControlError, type ControlHandlers } from '../control/wire.ts';
import { accountReports } from './account-handlers.ts';
import { accountNamed, clientNamed } from './named.ts';
import type { Relay } from './relay.ts';

type SteeringHandlers = Pick<
  ControlHandlers,
  | 'relay.pause'
  | 'relay.resume'
  | 'relay.drain'
  | 'relay.undrain'
  | 'hold.add'
  | 'hold.list'
  | 'hold.remove'
  | 'log.level'
  | 'top'
  | 'trace'
>;

/** What relayctl may order for the whole relay, and how it looks on. */
export function steeringHandlers(relay: Relay, nowMs: () => number): SteeringHandlers {
  const { delivery, logLevel } = relay;
  const { pauses, holds } = delivery;
  return {
    'relay.pause': async ({ reason, forMs }) => {
      const was = pauses.current;
      return { was, now: await pauses.pause(reason, forMs === null ? null : nowMs() + forMs) };
    },

    'relay.resume': async () => ({ was: await pauses.resume() }),

    'relay.drain': async ({ reason, forMs }) => ({ now: relay.drain.begin(reason, forMs) }),

    'relay.undrain': async () => ({ was: relay.drain.end() }),

    'hold.add': async (ask) => {
      checkScope(relay, ask);
      const { forMs, ...rule } = ask;
      const untilMs = forMs === null ? null : nowMs() + forMs;
      return { rule: await holds.add({ ...rule, untilMs }) };
    },

    'hold.list': async () => ({ rules: holds.current }),

    'hold.remove': async ({ id, keep }) => {
      const rule = holds.current.find((one) => one.id === id);
      const ended = await holds.remove(id, keep || rule?.keep === true);
      if (ended !== null) return ended;
      const ids = holds.current.map((one) => one.id);
      const there = ids.length === 0 ? 'there are none' : `there is: ${ids.join(', ')}`;
      throw new ControlError('not-found', `no hold rule ${id}; ${there}`);
    },

    'log.level': async ({ level, forMs }) =>
      level === null ? logLevel.report() : logLevel.set(level, forMs),

    top: () => top(relay, nowMs()),

    trace: (ask, outlet) => {
      if (ask.account !== null) accountNamed(relay.settings(), ask.account);
      return trace(relay, ask, outlet);
    },
  };
}

/** A mistyped name would hold nothing and look like success. */
function checkScope(
  { settings }: Relay,
  { sender, client, recipient, account }: Ask<'hold.add'>,
): void {
  if ([sender, client, recipient, account].every((part) => part === null)) {
    const text = 'a hold rule needs a sender, client, recipient or account; pause stops everything';
    throw new ControlError('invalid', text);
  }
  const inForce = settings();
  if (account !== null) accountNamed(inForce, account);
  if (client !== null) clientNamed(inForce, client);
}

async function top(relay: Relay, nowMs: number): Promise<TopReport> {
  const { delivery, throughput, store } = relay;
  const counts = await store.counts();
  return {
    nowMs,
    pause: delivery.pauses.current,
    accounts: accountReports(relay, counts),
    connections: delivery.activities(),
    accepted: throughput.accepted(),
    flows: Object.fromEntries(throughput.accounts()),
  };
}

function trace(
  { delivery }: Relay,
  { account, forMs }: Ask<'trace'>,
  outlet: Parameters<ControlHandlers['trace']>[1],
): Promise<Answer<'trace'>> {
  return new Promise((resolve) => {
    let [lines, dropped] = [0, 0];
    const end = (why: TraceEndReport['why']): void => {
      clearTimeout(timer);
      unwatch();
      resolve({ lines, dropped, why });
    };
    const unwatch = delivery.traces.watch(account, (line) => {
      if (outlet.offer(line)) lines++;
      else dropped++;
      if (lines + dropped === traceLinesMax) end('lines');
    });
    const timer = setTimeout(() => end('time'), forMs);
    const over = outlet.over();
    if (over.aborted) end('stopping');
    else over.addEventListener('abort', () => end('stopping'), { once: true });
  });
}
