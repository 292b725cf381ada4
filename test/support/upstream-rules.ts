/** Where a rule bites; `end-of-data` is the reply to the final dot. */
export type UpstreamPhase =
  | 'greeting'
  | 'ehlo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'end-of-data'
  | 'rset'
  | 'quit';

/** One way in which the upstream misbehaves. The first rule that fits and is not spent is applied. */
export interface Rule {
  readonly at: UpstreamPhase;
  /** Only in sessions authenticated as this user (at `auth`: who try to be). */
  readonly username?: string;
  /** Only when the reverse-path, or at `rcpt` the forward-path, contains this. */
  readonly path?: string;
  /** So many events pass before the rule begins. */
  readonly after?: number;
  /** So often; default: always. */
  readonly times?: number;
  /** Asked at every event that fits otherwise; false: the rule does not bite. */
  readonly when?: () => boolean;
  readonly do: Action;
}

/**
 * `reply`: this instead of the usual reply (several lines with \n). `drop`: the connection is cut, before the reply or
 * (with a reply given) behind it. `stall`: no answer until `release()`, then the usual one. `raw`: these bytes (latin1)
 * as they are; what they begin with is what the server takes itself to have said. `reset`: ends with RST.
 */
export type Action =
  | { readonly reply: string; readonly drop?: boolean }
  | { readonly drop: true }
  | { readonly raw: string; readonly end?: 'drop' | 'reset' }
  | { readonly stall: true };

export interface Situation {
  readonly at: UpstreamPhase;
  readonly username: string | null;
  readonly path: string | null;
  /** Numbered from 1 in the order of their connection. */
  readonly session: number;
  /** What is answered when nobody has an objection. */
  readonly usual: string;
  readonly transaction: {
    readonly reversePath: string;
    readonly recipients: readonly { readonly forwardPath: string }[];
  } | null;
  /** At the final dot. */
  readonly body: Buffer | null;
}

/** The rules in force and how often each was met. */
export interface Script {
  next(situation: Situation): Action | null;
  /** Replaces all rules and forgets the counts. */
  set(rules: readonly Rule[]): void;
}

export function makeScript(rules: readonly Rule[]): Script {
  let current = rules.map((rule) => ({ rule, met: 0 }));
  return {
    set(next) {
      current = next.map((rule) => ({ rule, met: 0 }));
    },
    next(situation) {
      for (const entry of current) {
        const { rule } = entry;
        if (!fits(rule, situation)) continue;
        entry.met++;
        const after = rule.after ?? 0;
        if (entry.met > after && entry.met <= after + (rule.times ?? Number.POSITIVE_INFINITY)) {
          return rule.do;
        }
      }
      return null;
    },
  };
}

function fits(rule: Rule, { at, username, path }: Situation): boolean {
  if (rule.at !== at) return false;
  if (rule.username !== undefined && rule.username !== username) return false;
  if (rule.path !== undefined && !(path ?? '').includes(rule.path)) return false;
  return rule.when?.() ?? true;
}
