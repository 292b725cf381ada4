import type { AccountState } from '../relay/account.ts';
import type { Core } from './core.ts';
import { byAccount } from './kept.ts';

/**
 * States of all accounts that are not open. A row that makes no sense counts as open: mail is
 * tried, not stuck.
 */
export function accountStates(core: Core): ReadonlyMap<string, AccountState> {
  return byAccount(core.sql.accounts.all(), decode);
}

function decode(row: Record<string, unknown>): AccountState | null {
  const { state, until_at: until, strikes, credential_version: version } = row;
  const { failing_since_at: failingSince, may_fail_over: mayFailOver } = row;
  const common = {
    reason: String(row.reason),
    detail: String(row.detail),
    sinceMs: Number(row.since_at),
    ...(typeof row.hint === 'string' ? { hint: row.hint } : {}),
    ...(typeof mayFailOver === 'number' ? { mayFailOver: mayFailOver === 1 } : {}),
  };
  if (state === 'paused' && typeof until === 'number' && typeof strikes === 'number') {
    const failing = typeof failingSince === 'number' ? { failingSinceMs: failingSince } : {};
    return { is: 'paused', untilMs: until, strikes, ...common, ...failing };
  }
  if (state === 'held' && typeof version === 'string') {
    return { is: 'held', credentialVersion: version, ...common };
  }
  return null;
}

export function setAccountState(
  core: Core,
  { account, state }: { account: string; state: AccountState },
): undefined {
  if (state.is === 'open') {
    core.sql.openAccount.run(account);
    return;
  }
  const untilMs = state.is === 'paused' ? state.untilMs : null;
  const strikes = state.is === 'paused' ? state.strikes : null;
  const version = state.is === 'held' ? state.credentialVersion : null;
  const failingSinceMs = state.is === 'paused' ? (state.failingSinceMs ?? null) : null;
  const { is, reason, detail, sinceMs, mayFailOver, hint = null } = state;
  core.sql.setAccount.run(
    ...[account, is, reason, detail, sinceMs, untilMs, strikes, version, hint],
    ...[failingSinceMs, mayFailOver === undefined ? null : Number(mayFailOver)],
  );
}
