import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { assert } from '../../lib/assert.ts';

/*
 * POSIX ustar, the part of it that a backup needs: regular files with short names. Any tar reads
 * it. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html
 */

const blockBytes = 512;
/** Larger sizes do not fit into 11 octal digits, and are written in base 256 as GNU tar does. */
const octalSizeMax = 8 ** 11 - 1;
const nameBytesMax = 100;

/** One file as it was written or read. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface TarWriter {
  /** Rejects when the chunks are not as many bytes as announced. */
  add(name: string, bytes: number, chunks: Chunks): Promise<TarEntry>;
  /** Writes the end mark. */
  end(): Promise<void>;
}

export type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

export function tarWriter(file: FileHandle, modifiedAtMs: number): TarWriter {
  return {
    async add(name, bytes, chunks) {
      await writeAll(file, header(name, bytes, modifiedAtMs));
      const hash = createHash('sha256');
      let written = 0;
      for await (const chunk of chunks) {
        hash.update(chunk);
        await writeAll(file, chunk);
        written += chunk.length;
      }
      if (written !== bytes) throw new TarError(`${name} changed while it was read`);
      await writeAll(file, Buffer.alloc(padding(bytes)));
      return { name, bytes, sha256: hash.digest('hex') };
    },
    end: () => writeAll(file, Buffer.alloc(2 * blockBytes)),
  };
}

/** The file is no archive of ours, or not a whole one. */
export class TarError extends Error {
  override name = 'TarError';
}

/**
 * Hands every file to `take`, in their order, which reads all of its chunks. Rejects with TarError
 * when the archive ends early.
 */
export async function readTar(
  file: FileHandle,
  take: (name: string, chunks: AsyncIterable<Buffer>) => Promise<void>,
): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  for (;;) {
    const head = await readExactly(file, blockBytes);
    if (head.every((byte) => byte === 0)) return entries;
    const { name, bytes } = readHeader(head);
    const hash = createHash('sha256');
    await take(
      name,
      contents(file, bytes, (chunk) => hash.update(chunk)),
    );
    await readExactly(file, padding(bytes));
    entries.push({ name, bytes, sha256: hash.digest('hex') });
  }
}

async function* contents(
  file: FileHandle,
  bytes: number,
  seen: (chunk: Buffer) => void,
): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; ) {
    const chunk = await readExactly(file, Math.min(left, 256 * 1024));
    seen(chunk);
    left -= chunk.length;
    yield chunk;
  }
}

const padding = (bytes: number): number => (blockBytes - (bytes % blockBytes)) % blockBytes;

function header(name: string, bytes: number, modifiedAtMs: number): Buffer {
  assert(Buffer.byteLength(name) <= nameBytesMax, `${name} is too long for an archive`);
  const block = Buffer.alloc(blockBytes);
  block.write(name, 0);
  block.write('0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  if (bytes <= octalSizeMax) {
    block.write(`${octal(bytes, 11)}\0`, 124);
  } else {
    block.writeUInt8(0x80, 124);
    block.writeBigUInt64BE(BigInt(bytes), 128);
  }
  block.write(`${octal(Math.floor(modifiedAtMs / 1000), 11)}\0`, 136);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  block.write(`${octal(checksum(block), 6)}\0 `, 148);
  return block;
}

function readHeader(block: Buffer): { name: string; bytes: number } {
  const stored = Number.parseInt(block.toString('latin1', 148, 154), 8);
  if (stored !== checksum(block)) throw new TarError('it is no archive, or a damaged one');
  const name = block.toString('utf8', 0, nameBytesMax).replace(/\0.*$/s, '');
  const large = block.readUInt8(124) === 0x80;
  const bytes = large
    ? Number(block.readBigUInt64BE(128))
    : Number.parseInt(block.toString('latin1', 124, 135), 8);
  if (!Number.isSafeInteger(bytes)) throw new TarError(`${name} has no size`);
  return { name, bytes };
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

/** The sum of all bytes, those of the sum itself taken as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (const [at, byte] of block.entries()) if (at < 148 || at >= 156) sum += byte;
  return sum;
}

async function writeAll(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at);
    at += bytesWritten;
  }
}

async function readExactly(file: FileHandle, bytes: number): Promise<Buffer> {
  const chunk = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(chunk, at, bytes - at);
    if (bytesRead === 0) throw new TarError('it ends early: it was not written to its end');
    at += bytesRead;
  }
  return chunk;
}
