import { formatAge } from '../lib/duration.ts';
import { printable } from '../lib/printable.ts';
import type { AccountState } from '../relay/account.ts';
import type { RelayPause } from '../relay/steering.ts';

/** How long ago: `2h14m`. A clock that went back gives `0s`. */
export function age(sinceMs: number, nowMs: number): string {
  return formatAge(nowMs - sinceMs);
}

/** When: `in 4m`, `now` for what is due. */
export function until(instantMs: number, nowMs: number): string {
  return instantMs - nowMs < 1000 ? 'now' : `in ${formatAge(instantMs - nowMs)}`;
}

/** `2026-11-21 14:03:07 UTC` */
export function instant(instantMs: number): string {
  return `${new Date(instantMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A mail address or path for people: the null one as `<>`. */
export function address(path: string): string {
  return path === '' ? '<>' : printable(path);
}

/** `open`, `paused, tries again in 4m`, `held for 3h` */
export function accountState(state: AccountState, nowMs: number): string {
  switch (state.is) {
    case 'open':
      return 'open';
    case 'paused':
      return `paused, tries again ${until(state.untilMs, nowMs)}`;
    case 'held':
      return `held for ${age(state.sinceMs, nowMs)}`;
  }
}

/** Why an account does not work: `credentials: 535 5.7.8 not accepted`; '' for an open one. */
export function accountReason(state: AccountState): string {
  if (state.is === 'open') return '';
  return printable(state.detail === '' ? state.reason : `${state.reason}: ${state.detail}`);
}

/** What a person can do about it; null when there is nothing to say. */
export function accountHint(state: AccountState): string | null {
  return state.is === 'open' || state.hint === undefined ? null : printable(state.hint);
}

/** A sentence for whoever expects mail to go while all delivery is paused; '' when it is not. */
export function pauseText(pause: RelayPause | null | undefined): string {
  if (pause === null || pause === undefined) return '';
  const end = pause.untilMs === null ? '' : `, until ${instant(pause.untilMs)}`;
  return `All delivery is paused (${printable(pause.reason)}${end}): nothing goes before relayctl resume.\n`;
}
