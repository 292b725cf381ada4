import { describeSettings } from '../config/describe.ts';
import { routeReport } from '../control/route-report.ts';
import type { ControlHandlers } from '../control/wire.ts';
import { packageVersion } from '../lib/version.ts';
import type { MessageId } from '../relay/message.ts';
import { accountHandlers, accountReports } from './account-handlers.ts';
import { alertHandlers } from './alert-handlers.ts';
import { feedbackHandlers } from './feedback-handlers.ts';
import { flushHandlers } from './flush-handlers.ts';
import { importHandlers } from './import-handlers.ts';
import { logHandlers } from './log-handlers.ts';
import { queueHandlers } from './queue-handlers.ts';
import { recordedHandlers } from './recorded-handlers.ts';
import type { Relay } from './relay.ts';
import { sendTest } from './send-test.ts';
import { statsHandlers } from './stats-handlers.ts';
import { steeringHandlers } from './steering-handlers.ts';

/** The daemon's answers to relayctl. */
export function controlHandlers(
  relay: Relay,
  nowMs: () => number,
  newMessageId: () => MessageId,
): ControlHandlers {
  return {
    ...queueHandlers(relay, nowMs),
    ...logHandlers(relay, nowMs),
    ...flushHandlers(relay, nowMs),
    ...steeringHandlers(relay, nowMs),
    ...feedbackHandlers(relay, nowMs),
    ...accountHandlers(relay, nowMs, newMessageId),
    ...alertHandlers(relay),
    ...recordedHandlers(relay.store),
    ...statsHandlers(relay),
    ...importHandlers({ relay, nowMs, newMessageId }),

    status: async () => {
      const counts = await relay.store.counts();
      return {
        version: packageVersion(),
        node: process.version,
        pid: process.pid,
        hostname: relay.settings().hostname,
        config: relay.settings().file,
        state: relay.state(),
        startedAtMs: relay.startedAtMs,
        nowMs: nowMs(),
        listeners: relay.submission.listeners(),
        queue: counts,
        accounts: accountReports(relay, counts),
        memoryBytes: process.memoryUsage.rss(),
        store: await relay.store.stats(),
        refusedReload: relay.refusedReload(),
        pause: relay.delivery.pauses.current,
        drain: relay.drain.current,
        holdRules: relay.delivery.holds.current,
      };
    },

    'route.test': async (question) =>
      routeReport(relay.settings(), question, {
        states: relay.delivery.states(),
        taker: relay.delivery.taker,
      }),

    'config.show': async () => ({
      file: relay.settings().file,
      settings: describeSettings(relay.settings()),
      origins: relay.settings().origins ?? {},
    }),

    'message.send-test': (ask) => sendTest({ relay, nowMs, newMessageId }, ask),
  };
}
