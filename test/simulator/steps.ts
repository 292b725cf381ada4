import type { Action, Situation, UpstreamPhase } from '../support/upstream-rules.ts';

/** What happens next, once: steps come one after the other, each when the one before has been done. */
export interface Step {
  /** So many messages taken and logins accepted since the step before. */
  readonly after?: { readonly messages?: number; readonly logins?: number };
  readonly at: UpstreamPhase;
  readonly username?: string;
  /** In the reverse-path, at `rcpt` in the forward-path. */
  readonly path?: string;
  readonly reply: string;
  readonly drop?: boolean;
  /** Default 1. */
  readonly times?: number;
}

export interface Steps {
  next(situation: Situation): Action | null;
  taken(what: 'messages' | 'logins'): void;
  set(steps: readonly Step[]): void;
}

export function makeSteps(): Steps {
  let steps: readonly Step[] = [];
  let done = 0;
  let since = { messages: 0, logins: 0 };
  const set = (next: readonly Step[]) => {
    steps = next;
    done = 0;
    since = { messages: 0, logins: 0 };
  };
  return {
    set,
    taken: (what) => void since[what]++,
    next({ at, username, path }) {
      const [step] = steps;
      if (step === undefined || step.at !== at) return null;
      const { after = {}, reply, drop = false, times = 1 } = step;
      if (since.messages < (after.messages ?? 0) || since.logins < (after.logins ?? 0)) return null;
      if (step.username !== undefined && step.username !== username) return null;
      if (!(path ?? '').includes(step.path ?? '')) return null;
      if (++done === times) set(steps.slice(1));
      return { reply, drop };
    },
  };
}
