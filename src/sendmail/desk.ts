import type { Answer, Ask, Part, RequestName } from '../control/wire.ts';
import type { Command } from './command.ts';

/** What Exim's operators ask of the queue. */
export type Question = Extract<
  Command,
  { is: 'list' | 'count' | 'run' | 'act' | 'show' | 'route' | 'options' }
>;

/** The daemon, the terminal and the clock. */
export interface Desk {
  /** Rejects with ControlFailure. */
  ask<Name extends RequestName>(
    request: Name,
    ask: Ask<Name>,
    onPart?: (part: Part<Name>) => void,
  ): Promise<Answer<Name>>;
  out(text: string | Buffer): void;
  err(text: string): void;
  readonly nowMs: number;
  /** What the calling user would send as; asked for only when it matters. */
  readonly sender: (ownName: string) => string;
}
