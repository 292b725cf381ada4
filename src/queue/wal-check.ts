import { existsSync, readFileSync } from 'node:fs';
import { endianness } from 'node:os';

/*
 * sqlite.org/fileformat2.html, section 4: a header of 32 bytes, then frames of 24 bytes and a page.
 * Checksums run on from frame to frame, so that SQLite reads up to the first frame that does not
 * fit and takes the rest for the remains of a commit that a crash has torn. When whole commits
 * follow, which began after that one was synced, it is damage, and what was acknowledged would be
 * forgotten without a word.
 */
const headerBytes = 32;
const frameHeaderBytes = 24;
/** Written with this machine's order of bytes; the log of another one is SQLite's business. */
const littleEndianMagic = 0x377f0682;

type Sum = readonly [number, number];

/**
 * What is wrong with a write-ahead log; null: SQLite will read all that was committed. Only before
 * SQLite opens it.
 */
export function findWalDamage(path: string): string | null {
  if (endianness() !== 'LE' || !existsSync(path)) return null;
  const log = readFileSync(path);
  if (log.length < headerBytes || log.readUInt32BE(0) !== littleEndianMagic) return null;
  const frames = framesOf(log);
  let sum: Sum = frames.header;
  let at = 0;
  for (; at < frames.count; at++) {
    sum = frames.sumOf(at, sum);
    if (!frames.isOfThisLog(at) || !same(sum, frames.storedSum(at))) break;
  }
  // What fits behind a commit was written after that commit had been synced.
  for (let later = at + 1; later < frames.count; later++) {
    const fits = same(frames.sumOf(later, frames.storedSum(later - 1)), frames.storedSum(later));
    if (fits && frames.isOfThisLog(later) && frames.isCommit(later - 1)) {
      return `frame ${at + 1} of its write-ahead log, before later commits`;
    }
  }
  return null;
}

function framesOf(log: Buffer) {
  const pageBytes = log.readUInt32BE(8);
  const strideBytes = frameHeaderBytes + pageBytes;
  const offset = (at: number): number => headerBytes + at * strideBytes;
  const salts = log.subarray(16, 24);
  return {
    count: pageBytes < 512 ? 0 : Math.floor((log.length - headerBytes) / strideBytes),
    header: add(log, [0, 24], [0, 0]),
    storedSum: (at: number): Sum => [
      log.readUInt32BE(offset(at) + 16),
      log.readUInt32BE(offset(at) + 20),
    ],
    sumOf(at: number, before: Sum): Sum {
      const begin = offset(at);
      const head = add(log, [begin, begin + 8], before);
      return add(log, [begin + frameHeaderBytes, begin + strideBytes], head);
    },
    /** Frames of the log before this one, which was checkpointed, have other salts. */
    isOfThisLog: (at: number): boolean =>
      log.subarray(offset(at) + 8, offset(at) + 16).equals(salts),
    isCommit: (at: number): boolean => log.readUInt32BE(offset(at) + 4) !== 0,
  };
}

function add(log: Buffer, [from, to]: readonly [number, number], [first, second]: Sum): Sum {
  let [a, b] = [first, second];
  for (let at = from; at < to; at += 8) {
    a = (a + log.readUInt32LE(at) + b) >>> 0;
    b = (b + log.readUInt32LE(at + 4) + a) >>> 0;
  }
  return [a, b];
}

const same = (one: Sum, other: Sum): boolean => one[0] === other[0] && one[1] === other[1];
