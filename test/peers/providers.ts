import type { Pair } from '../support/certificates.ts';
import { startExim } from '../support/exim.ts';
import { field } from './message.ts';
import { startPostfixProvider } from './postfix-upstream.ts';

/** A real mail server in the part of the provider: it authenticates relayd and passes everything on. */
export interface ProviderOptions {
  readonly port: number;
  readonly nextHopPort: number;
  readonly pair: Pair;
  /** Usernames are addresses. */
  readonly accounts: Readonly<Record<string, string>>;
}

export interface Provider {
  log(): string;
  close(): Promise<void>;
}

export interface ProviderKind {
  readonly name: string;
  start(options: ProviderOptions): Promise<Provider>;
  /** Who it says has submitted a message that it passed on. */
  authenticatedAs(message: Buffer): string | null;
}

export const providers: readonly ProviderKind[] = [
  {
    name: 'Postfix',
    start: startPostfixProvider,
    authenticatedAs: (message) =>
      /\(Authenticated sender: ([^)]+)\)/.exec(field(message, 'Received') ?? '')?.[1] ?? null,
  },
  {
    name: 'Exim',
    start: startExim,
    authenticatedAs: (message) => field(message, 'X-Authenticated-As'),
  },
];
