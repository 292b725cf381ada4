import { formatDuration } from '../lib/duration.ts';
import type { PauseEnd, ReasonClass, Verdict } from '../relay/outcome.ts';
import type { Action } from '../relay/reply-rule.ts';
import { instant } from './words.ts';

/** What a rule asks for: `pause quota (quota)`. */
export function ruleText(action: Action, reason: ReasonClass | undefined): string {
  const words = action.replaceAll('-', ' ');
  return reason === undefined ? words : `${words} (${reason})`;
}

/** What happens: `pause until 2026-11-21 14:00:00 UTC`, `bounce`. */
export function actionText(verdict: Verdict): string {
  if (verdict.scope === 'account' && verdict.action === 'pause') {
    const waits = verdict.waitsMs.map(formatDuration).join(', then ');
    const { until, slower } = verdict;
    if (until !== undefined) return `pause ${endText(until)} (else ${waits})`;
    if (slower === undefined) return `pause for ${waits}`;
    const less = slower === 'rate' ? 'send more slowly' : 'use one connection less';
    return `${less}; when that is not enough, pause for ${waits}`;
  }
  switch (verdict.action) {
    case 'retry':
      return 'try again by the schedule';
    case 'split':
      return 'try again at once with fewer recipients';
    case 'reconnect':
      return 'try again at once on a new connection';
    default:
      return verdict.action;
  }
}

function endText(until: PauseEnd): string {
  switch (until.is) {
    case 'at':
      return `until ${instant(until.ms)}`;
    case 'after':
      return `for ${formatDuration(until.ms)}`;
    case 'next-hour':
      return 'until the next full hour';
  }
}
