import type { QueueStore } from '../relay/ports.ts';
import type { Flushed, LaneSurvey } from '../relay/queue.ts';
import type { Ask } from './ask.ts';
import type { Answer } from './operations.ts';
import { scanMax, surveyMax } from './stretches.ts';

export async function flush(ask: Ask, query: Parameters<QueueStore['flush']>[0]): Promise<Flushed> {
  let [recipients, messages] = [0, 0];
  const found = new Set<string>();
  let after: number | null = -1;
  while (after !== null) {
    const given = { ...query, after, scan: scanMax };
    const stretch: Answer<'queue.flush'> = await ask('queue.flush', given);
    recipients += stretch.recipients;
    messages += stretch.messages;
    for (const lane of stretch.lanes) found.add(lane);
    after = stretch.next;
  }
  const { filter, includeHeld } = query;
  const lanes = [...found].sort();
  const accountsResumed = await ask('queue.flush-accounts', { filter, includeHeld, lanes });
  return { recipients, messages, accountsResumed, lanes };
}

export async function survey(
  ask: Ask,
  query: Parameters<QueueStore['survey']>[0],
): Promise<LaneSurvey[]> {
  const lanes = new Map<string | null, LaneSurvey>();
  let after: number | null = -1;
  while (after !== null) {
    const given = { ...query, after, scan: surveyMax };
    const stretch: Answer<'queue.survey'> = await ask('queue.survey', given);
    for (const one of stretch.lanes) lanes.set(one.lane, joined(lanes.get(one.lane), one));
    after = stretch.next;
  }
  return [...lanes.values()];
}

function joined(sum: LaneSurvey | undefined, one: LaneSurvey): LaneSurvey {
  if (sum === undefined) return one;
  return {
    lane: one.lane,
    recipients: sum.recipients + one.recipients,
    messages: sum.messages + one.messages,
    expiring: sum.expiring.map((count, at) => count + (one.expiring[at] ?? 0)),
  };
}
