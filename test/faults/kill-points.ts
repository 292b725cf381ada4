/** Every instant between two durable steps of a message's way. */
export const KILL_POINTS = [
  'before-accept',
  'during-accept',
  'after-accept', // committed, the 250 not yet written
  'before-claim',
  'during-claim',
  'after-claim',
  'before-dot-mark',
  'after-dot-mark', // marked, the dot not yet written
  'after-dot', // the upstream has it, we do not know
  'before-settle', // the upstream said 250, we have not kept it
  'during-settle',
  'after-settle',
  'before-dot-clear',
] as const;
export type KillPoint = (typeof KILL_POINTS)[number];
