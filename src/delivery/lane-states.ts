import { mayWork, onConnected, onReload, onSuccess, onVerdict } from '../policy/lane-state.ts';
import type { Account, AccountState } from '../relay/account.ts';
import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { Cause, ReasonClass } from '../relay/outcome.ts';
import type { Clock, Dice, QueueStore } from '../relay/ports.ts';
import type { Stopped } from './attempt-contract.ts';
import type { Lane } from './lane.ts';
import { causeText } from './outcome-text.ts';
import { isRefusedLogin } from './refusal.ts';
import type { SafetyNet } from './safety-net.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface LaneStateDeps {
  readonly store: QueueStore;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly net: Pick<SafetyNet, 'forget'>;
  /** A login was refused; true: the account has other credentials and goes on. */
  readonly fallBack: (account: Account, cause: Cause) => boolean;
  readonly onChanged: (account: string) => void;
}

type By = (RelayEvent & { is: 'account.resumed' })['by'];

/** Changes the state of lanes: each change is one event and is kept over restarts. */
export class LaneStates {
  readonly #deps: LaneStateDeps;

  constructor(deps: LaneStateDeps) {
    this.#deps = deps;
  }

  /** An attempt ended with a verdict on the account. True: the lane stops now. */
  stop(lane: Lane, account: Account, stopped: Stopped): boolean {
    const { clock, dice, emit, fallBack } = this.#deps;
    if (isRefusedLogin(stopped) && fallBack(account, stopped.cause)) return false;
    const nowMs = clock();
    const { credentialVersion } = account;
    const before = lane.state;
    const state = stateAfter(before, stopped, { nowMs, dice: dice(), credentialVersion });
    if (state === before) return !mayWork(state, nowMs);
    const { reason, hint } = stopped.verdict;
    void this.#set(lane, state.is === 'open' || hint === '' ? state : { ...state, hint });
    if (state.is === 'held') {
      emit({ is: 'account.held', account: lane.name, reason, detail: state.detail, hint });
    } else if (state.is === 'paused') {
      const { detail, untilMs } = state;
      emit({ is: 'account.paused', account: lane.name, reason, detail, untilMs, hint });
    }
    return true;
  }

  /** The upstream took a message. True: the lane is open again. */
  succeeded(lane: Lane): boolean {
    return this.#openIf(lane, onSuccess);
  }

  /** A new connection is ready and logged in. True: the lane is open again. */
  connected(lane: Lane): boolean {
    return this.#openIf(lane, onConnected);
  }

  #openIf(lane: Lane, after: (state: AccountState, nowMs: number) => AccountState): boolean {
    if (lane.state.is === 'open') return false;
    if (after(lane.state, this.#deps.clock()).is !== 'open') return false;
    void this.#open(lane, 'success');
    return true;
  }

  /** Resolves when it will survive a restart. */
  async hold(lane: Lane, account: Account, detail: string): Promise<void> {
    const reason: ReasonClass = 'operator';
    const { credentialVersion } = account;
    const sinceMs = this.#deps.clock();
    const kept = this.#set(lane, { is: 'held', reason, detail, sinceMs, credentialVersion });
    const hint = 'An operator holds it; `relayctl account resume` ends that.';
    this.#deps.emit({ is: 'account.held', account: lane.name, reason, detail, hint });
    await kept;
  }

  async resume(lane: Lane): Promise<void> {
    if (lane.state.is !== 'open') await this.#open(lane, 'operator');
  }

  /** The store has cleared the state itself, together with the back-off of its mail. */
  cleared(lane: Lane): void {
    if (lane.state.is === 'open') return;
    lane.state = { is: 'open' };
    this.#deps.net.forget(lane.name);
    this.#deps.emit({ is: 'account.resumed', account: lane.name, by: 'operator' });
    this.#deps.onChanged(lane.name);
  }

  /** A new configuration or a switch may have brought what the lane was waiting for. */
  reloaded(lane: Lane, account: Account): void {
    if (lane.state.is === 'open') return;
    // What an operator holds only an operator releases.
    if (lane.state.reason === 'operator') return;
    if (onReload(lane.state, account.credentialVersion).is === 'open') {
      void this.#open(lane, 'reload');
    }
  }

  #open(lane: Lane, by: By): Promise<void> {
    const kept = this.#set(lane, { is: 'open' });
    this.#deps.net.forget(lane.name);
    this.#deps.emit({ is: 'account.resumed', account: lane.name, by });
    return kept;
  }

  /**
   * In force at once. A storage that cannot keep it is reported; at worst the state is found out
   * again.
   */
  async #set(lane: Lane, state: AccountState): Promise<void> {
    lane.state = state;
    this.#deps.onChanged(lane.name);
    try {
      await this.#deps.store.setAccountState(lane.name, state);
    } catch (error) {
      tellStoreFailure(this.#deps.emit, error, `state of ${lane.name}`);
    }
  }
}

/** The state after a verdict on the account; the same object when nothing changed. */
function stateAfter(
  state: AccountState,
  stopped: Pick<Stopped, 'verdict' | 'cause'>,
  context: { nowMs: number; dice: number; credentialVersion: string },
): AccountState {
  const detail = causeText(stopped.cause);
  const next = onVerdict(state, stopped.verdict, { ...context, detail });
  return sameState(state, next) ? state : next;
}

function sameState(a: AccountState, b: AccountState): boolean {
  if (a.is !== b.is) return false;
  if (a.is === 'paused' && b.is === 'paused') {
    return a.untilMs === b.untilMs && a.strikes === b.strikes && a.reason === b.reason;
  }
  return true;
}
