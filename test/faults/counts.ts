function count(name: string, byHand: number): number {
  return Number(process.env[name] ?? byHand);
}

/** How much of each fault: all of it by hand, a share in CI (docs/faults.md). */
export const counts = {
  kills: count('RELAYD_KILLS', 500),
  powerCuts: count('RELAYD_POWER_CUTS', 10),
  /** At each commit point, and of each way in which the storage thread throws: at most three. */
  rounds: count('RELAYD_FAULT_ROUNDS', 3),
  stoppedMs: count('RELAYD_STOPPED_MS', 60_000),
  connections: count('RELAYD_CONNECTIONS', 10_000),
} as const;
