/*
 * Password hashing takes tens of milliseconds of a thread each. Two run at a time, so that files can be written
 * meanwhile; who has failed before waits for those who have not, so that guessing does not lock others out.
 */

/** Threads of libuv's pool (four) that hashing may occupy. */
const runningMax = 2;
const waitingMax = 256;

type Job = () => Promise<void>;

export interface VerificationQueue {
  /** Resolves with what `work` gives, or with null when too many wait already. */
  run<T>(work: () => Promise<T>, suspicious: boolean): Promise<T | null>;
}

export function verificationQueue(): VerificationQueue {
  const fresh: Job[] = [];
  const suspects: Job[] = [];
  let running = 0;
  const pump = (): void => {
    while (running < runningMax) {
      const job = fresh.shift() ?? suspects.shift();
      if (job === undefined) return;
      running += 1;
      void job().finally(() => {
        running -= 1;
        pump();
      });
    }
  };
  return {
    run(work, suspicious) {
      const line = suspicious ? suspects : fresh;
      if (line.length >= waitingMax) return Promise.resolve(null);
      return new Promise((resolve, reject) => {
        line.push(() => work().then(resolve, reject));
        pump();
      });
    },
  };
}
