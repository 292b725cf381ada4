/*
 * Password hashing takes tens of milliseconds of a thread each, so it has to queue. Two run at a
 * time, for files are written by the same threads. Who has failed before waits for those who have
 * not, and the newest comes first: a flood of guesses neither locks others out nor keeps them
 * waiting behind it.
 */

/** Threads of libuv's pool (four) that hashing may occupy. */
const runningMax = 2;
const waitingMax = 256;

interface Job {
  readonly run: () => Promise<void>;
  /** Others came and there is no room. */
  readonly drop: () => void;
}

export interface VerificationQueue {
  /** Resolves with what `work` gives, or with null when too many came after it. */
  run<T>(work: () => Promise<T>, suspicious: boolean): Promise<T | null>;
}

export function verificationQueue(): VerificationQueue {
  const fresh: Job[] = [];
  const suspects: Job[] = [];
  let running = 0;
  const pump = (): void => {
    while (running < runningMax) {
      const job = fresh.pop() ?? suspects.pop();
      if (job === undefined) return;
      running += 1;
      void job.run().finally(() => {
        running -= 1;
        pump();
      });
    }
  };
  return {
    run(work, suspicious) {
      const line = suspicious ? suspects : fresh;
      if (line.length >= waitingMax) line.shift()?.drop();
      return new Promise((resolve, reject) => {
        line.push({ run: () => work().then(resolve, reject), drop: () => resolve(null) });
        pump();
      });
    },
  };
}
