/** How much of messages being received may be in memory at once, all sessions together. */
export interface MemoryBudget {
  /** False: no room, the bytes have to go to a file. */
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function memoryBudget(bytesMax: () => number): MemoryBudget {
  let takenBytes = 0;
  return {
    take(bytes) {
      if (takenBytes + bytes > bytesMax()) return false;
      takenBytes += bytes;
      return true;
    },
    give(bytes) {
      takenBytes -= bytes;
    },
  };
}
