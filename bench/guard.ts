const started = new Map<number, NodeJS.Signals>();

process.once('exit', () => {
  for (const [pid, signal] of started) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1));
}

/** Ends a server with the bench when the bench is ended in the middle. The result is for when it has ended before. */
export function guard(pid: number, signal: NodeJS.Signals = 'SIGTERM'): () => void {
  started.set(pid, signal);
  return () => void started.delete(pid);
}
