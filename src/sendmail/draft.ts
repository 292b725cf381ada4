import type { Act, Force, Personality } from './command.ts';

/** What the options before the arguments have said so far. */
export interface Draft {
  readonly personality: Personality;
  mode: 'deliver' | 'dialogue' | 'list' | 'count' | 'route' | 'options' | 'newaliases' | 'version';
  undeliveredOnly: boolean;
  extract: boolean;
  dotsIgnored: boolean;
  sender: string | null;
  fullName: string | null;
  body: '7BIT' | '8BITMIME' | null;
  notify: string | null;
  ret: 'FULL' | 'HDRS' | null;
  envid: string | null;
  verbose: boolean;
  config: string | null;
  run: {
    force: Force;
    side: 'all' | 'sender' | 'recipient';
    pattern: boolean;
    text: string;
  } | null;
  act: Act | null;
  show: 'log' | 'header' | 'body' | 'copy' | null;
}

/** An option: how it is written, what it does, and what the manual says of it. */
export interface Option {
  readonly flag: RegExp;
  /** The flag takes a value, in the same word or in the next one. */
  readonly value?: boolean;
  /** Only when called by one of these names. */
  readonly as?: readonly Personality[];
  /** Null in the manual: taken and without effect. */
  readonly usage: readonly [string, string] | null;
  /** Returns what is wrong with it; null: nothing. */
  readonly read: (draft: Draft, value: string, flag: string) => string | null;
}

/** An option that only says so. */
export function sets(change: Partial<Draft>): Option['read'] {
  return (draft) => {
    Object.assign(draft, change);
    return null;
  };
}
