import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
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
const foreignMagic = 0x377f0683;
/** What SQLite uses unless told: of a header that cannot be believed. */
const usualPageBytes = 4096;

type Sum = readonly [number, number];

/**
 * What is wrong with the write-ahead log of a database that syncs every commit; null: SQLite will
 * read all that was committed, or somebody is writing it. Only before SQLite opens it.
 */
export function findWalDamage(path: string): string | null {
  if (endianness() !== 'LE' || !existsSync(path)) return null;
  const descriptor = openSync(path, 'r');
  try {
    const before = fstatSync(descriptor, { bigint: true });
    const damage = damageIn(descriptor);
    const after = fstatSync(descriptor, { bigint: true });
    return before.mtimeNs === after.mtimeNs && before.size === after.size ? damage : null;
  } finally {
    closeSync(descriptor);
  }
}

function damageIn(descriptor: number): string | null {
  const header = Buffer.alloc(headerBytes);
  const bytes = readSync(descriptor, header, 0, headerBytes, 0);
  if (bytes < headerBytes || header.readUInt32BE(0) === foreignMagic) return null;
  const believed =
    header.readUInt32BE(0) === littleEndianMagic &&
    same(add(header, [0, 24], [0, 0]), sumAt(header, 24));
  /** Frames of the log before this one, which was checkpointed, have other salts. */
  let salts = header.toString('latin1', 16, 24);
  let before = { sum: sumAt(header, 24), commits: false };
  let broken = believed ? null : 'the header of its write-ahead log';
  let number = 0;
  for (const frame of framesOf(descriptor, believed ? header.readUInt32BE(8) : usualPageBytes)) {
    number += 1;
    const ownSalts = frame.toString('latin1', 8, 16);
    const fits = ownSalts === salts && same(sumOf(frame, before.sum), sumAt(frame, 16));
    // What fits behind a commit was written after that commit had been synced.
    if (fits && before.commits && broken !== null) return `${broken}, before later commits`;
    if (!fits) broken ??= `frame ${number} of its write-ahead log`;
    if (!believed) salts = ownSalts;
    before = { sum: sumAt(frame, 16), commits: frame.readUInt32BE(4) !== 0 };
  }
  return null;
}

/** One after the other in the same buffer: a log can be long. */
function* framesOf(descriptor: number, pageBytes: number): Generator<Buffer> {
  const frame = Buffer.alloc(frameHeaderBytes + pageBytes);
  for (let offset = headerBytes; ; offset += frame.length) {
    if (readSync(descriptor, frame, 0, frame.length, offset) < frame.length) return;
    yield frame;
  }
}

function sumOf(frame: Buffer, before: Sum): Sum {
  return add(frame, [frameHeaderBytes, frame.length], add(frame, [0, 8], before));
}

const sumAt = (bytes: Buffer, at: number): Sum => [
  bytes.readUInt32BE(at),
  bytes.readUInt32BE(at + 4),
];

function add(bytes: Buffer, [from, to]: readonly [number, number], [first, second]: Sum): Sum {
  let [a, b] = [first, second];
  for (let at = from; at < to; at += 8) {
    a = (a + bytes.readUInt32LE(at) + b) >>> 0;
    b = (b + bytes.readUInt32LE(at + 4) + a) >>> 0;
  }
  return [a, b];
}

const same = (one: Sum, other: Sum): boolean => one[0] === other[0] && one[1] === other[1];
