import type { EventSink, RelayEvent } from '../relay/events.ts';
import type { Clock, QueueStore } from '../relay/ports.ts';
import type { HoldRule } from '../relay/steering.ts';
import { Alarm } from './alarm.ts';
import { tellStoreFailure } from './store-failure.ts';

export interface HoldRulesDeps {
  readonly store: Pick<QueueStore, 'addHoldRule' | 'removeHoldRule' | 'act'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  /** Mail was released. */
  readonly onReleased: () => void;
}

/** A rule that ended, and what that set in motion. */
export interface HoldRuleEnded {
  readonly rule: HoldRule;
  readonly recipients: number;
  readonly messages: number;
}

/** A storage that fails is asked again after this long. */
const againMs = 60_000;

type By = (RelayEvent & { is: 'hold.ended' })['by'];

/**
 * Rules for mail to come, over restarts. Who accepts mail asks `current` in the same turn in which
 * it hands the mail to the storage: a rule that ends leaves the list first and releases its mail
 * then, so that nothing is held by a rule that is gone.
 */
export class HoldRules {
  readonly #deps: HoldRulesDeps;
  readonly #alarm: Alarm;
  #rules: readonly HoldRule[] = [];
  /** Out of force, and their mail not yet released for want of the storage. */
  #ending: readonly HoldRule[] = [];

  constructor(deps: HoldRulesDeps) {
    this.#deps = deps;
    this.#alarm = new Alarm(deps.clock, () => this.#ring());
  }

  /** At start, before mail is accepted. */
  restore(rules: readonly HoldRule[]): void {
    this.#rules = rules;
    this.#setAlarm();
  }

  /** Those in force, in the order in which they were made. */
  get current(): readonly HoldRule[] {
    if (this.#rules.length === 0) return this.#rules;
    const nowMs = this.#deps.clock();
    return this.#rules.filter((rule) => !isOver(rule, nowMs));
  }

  /** Rejects with StoreError, then it is not in force. */
  async add(rule: Omit<HoldRule, 'id' | 'sinceMs'>): Promise<HoldRule> {
    const made = await this.#deps.store.addHoldRule({ ...rule, sinceMs: this.#deps.clock() });
    this.#rules = [...this.#rules, made];
    this.#setAlarm();
    const { id, reason, untilMs } = made;
    this.#deps.emit({ is: 'hold.added', rule: id, detail: reason, untilMs });
    return made;
  }

  /**
   * Ends one; its mail goes unless it is to stay held. Null: there is none of this id. Rejects with
   * StoreError; then it is out of force, and its mail goes later.
   */
  async remove(id: number, keep: boolean): Promise<HoldRuleEnded | null> {
    const rule = this.#rules.find((one) => one.id === id);
    return rule === undefined ? null : await this.#end({ ...rule, keep }, 'operator');
  }

  stop(): void {
    this.#alarm.clear();
  }

  #ring(): void {
    const nowMs = this.#deps.clock();
    const over = [...this.#ending, ...this.#rules.filter((rule) => isOver(rule, nowMs))];
    for (const rule of over) void this.#endInTime(rule);
    this.#setAlarm();
  }

  async #endInTime(rule: HoldRule): Promise<void> {
    try {
      await this.#end(rule, 'time');
    } catch (error) {
      tellStoreFailure(this.#deps.emit, error, `hold rule ${rule.id}`);
    }
  }

  async #end(rule: HoldRule, by: By): Promise<HoldRuleEnded> {
    const { store, clock, emit, onReleased } = this.#deps;
    const { id, keep } = rule;
    const others = (list: readonly HoldRule[]) => list.filter((one) => one.id !== id);
    this.#rules = others(this.#rules);
    this.#ending = others(this.#ending);
    try {
      const nowMs = clock();
      const release = { is: 'release', dueAtMs: nowMs } as const;
      const released = keep
        ? { recipients: 0, messages: 0 }
        : await store.act({ filter: { heldBy: id }, action: release, nowMs });
      await store.removeHoldRule(id);
      emit({ is: 'hold.ended', rule: id, by, recipients: released.recipients });
      if (released.recipients > 0) onReleased();
      return { rule, ...released };
    } catch (error) {
      this.#ending = [...this.#ending, rule];
      this.#alarm.setAt(clock() + againMs);
      throw error;
    }
  }

  #setAlarm(): void {
    const ends = this.#rules.flatMap(({ untilMs }) => untilMs ?? []);
    if (ends.length > 0) this.#alarm.setAt(Math.min(...ends));
  }
}

function isOver({ untilMs }: HoldRule, nowMs: number): boolean {
  return untilMs !== null && untilMs <= nowMs;
}
