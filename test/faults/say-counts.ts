import { counts } from './counts.ts';

/** A smaller share than by hand is said, never silent. */
export function setup(): void {
  console.info(`faults: ${JSON.stringify(counts)}`);
}
