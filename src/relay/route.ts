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
  /** 1-based place in the list, and the line it starts at. */
  readonly index: number;
  readonly line: number;
}

export type RouteAction =
  | { readonly is: 'accounts'; readonly accounts: readonly string[] }
  | { readonly is: 'discard' }
  | { readonly is: 'hold' }
  | { readonly is: 'reject'; readonly text: string };
