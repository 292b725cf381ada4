import type { AddressPattern } from './account.ts';

/** One entry of `routes:`; tried from top to bottom, the first that matches wins. */
export interface Route {
  readonly sender: AddressPattern | null;
  readonly client: string | null;
  readonly recipient: AddressPattern | null;
  readonly header: Readonly<Record<string, string>> | null;
  readonly action: RouteAction;
  /** Overrides queue.lifetime. */
  readonly lifetimeMs: number | null;
  /** What is changed in the mail it sends; absent: nothing. */
  readonly edits?: RouteEdits;
  /** Addresses that get a copy of every message; absent: none. */
  readonly bcc?: readonly string[];
  /** 1-based place in the list, and the line it starts at. */
  readonly index: number;
  readonly line: number;
}

export type RouteAction =
  | { readonly is: 'accounts'; readonly accounts: readonly string[] }
  | { readonly is: 'discard' }
  | { readonly is: 'hold' }
  | { readonly is: 'reject'; readonly text: string };

/** What leaves in another form than it came in. */
export interface RouteEdits {
  readonly rewrite: Rewrite | null;
  /** Header fields put before the message. */
  readonly add: Readonly<Record<string, string>>;
  /** Header fields left out: names in lower case, `x-internal-*` for all that begin like that. */
  readonly remove: readonly string[];
}

/** Another address in place of the reverse-path and of the one in From. */
export interface Rewrite {
  readonly from: string;
  /** `unauthorized`: only what the account may not send as it is. */
  readonly when: 'always' | 'unauthorized';
}
