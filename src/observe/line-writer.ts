import { closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';

/**
 * Lines waiting for a reader that has stopped reading: beyond this they are dropped and counted.
 */
const pendingBytesMax = 16 * 1024 * 1024;
/**
 * The flush before a crash may run while a write is still under way, and must not land in its
 * middle. A pipe takes PIPE_BUF bytes whole (pipe(7)); files and sockets take far more under one
 * lock.
 */
const pipeBlockBytesMax = 4096;
const blockBytesMax = 64 * 1024;
/** A pipe that is full for the moment (EAGAIN) is tried again. */
const retryMs = 50;
const lastTriesMax = 10;
const graceMs = 20;
/** Under load lines gather this long between two writes. Milliseconds. */
const gatherMs = 5;

export interface LineWriter {
  /** Takes one line with its line end. Never blocks. */
  write(line: string): void;
  /** Lines lost so far: the reader stalled, or the destination failed (disk full, pipe closed). */
  dropped(): number;
  /** Writes what waits and returns when it is written or cannot be. */
  flush(): void;
  /**
   * Opens the file anew, under its name: lines after the block on its way go there. Throws what
   * opening it throws; then all goes on as before. Nothing to do for a descriptor.
   */
  reopen(): void;
}

/**
 * Lines gather while one asynchronous write runs and for a moment after it, so a slow reader never
 * stops the event loop, a fast one gets a lone line at once, and a flood goes out in few writes.
 * What cannot be written is counted and forgotten: a full disk under the log must neither stop the
 * mail nor the exit (pino's own destination tries for ever then, also at exit).
 */
export function openLineWriter(destination: number | string): LineWriter {
  const open = (): number =>
    typeof destination === 'number' ? destination : openSync(destination, 'a', 0o640);
  let fd = open();
  let nextFd = fd;
  const blocks = blockQueue(fstatSync(fd).isFIFO() ? pipeBlockBytesMax : blockBytesMax);
  let writing = false;
  let gathering = false;
  let dropped = 0;

  const followFile = (): void => {
    if (nextFd === fd) return;
    closeSync(fd);
    fd = nextFd;
  };
  const startNext = (): void => {
    followFile();
    const block = blocks.take();
    writing = block !== null;
    if (block !== null) writeRest(Buffer.from(block));
    else gather();
  };
  const gather = (): void => {
    gathering = true;
    const done = (): void => {
      gathering = false;
      if (!blocks.empty()) startNext();
    };
    setTimeout(done, gatherMs).unref();
  };
  const writeRest = (rest: Buffer): void => {
    write(fd, rest, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(writeRest, retryMs, rest);
      } else if (error !== null) {
        dropped += linesIn(rest);
        startNext();
      } else if (written < rest.length) writeRest(rest.subarray(written));
      else startNext();
    });
  };

  return {
    write: (line) => {
      if (!blocks.add(line)) dropped++;
      else if (!writing && !gathering) startNext();
    },
    dropped: () => dropped,
    // A write already under way is finished by libuv, which joins its threads before the process
    // ends; a moment's grace lets it come first, so that the lines keep their order.
    flush: () => {
      if (writing) sleep(graceMs);
      for (let block = blocks.take(); block !== null; block = blocks.take()) {
        dropped += linesIn(writeNow(fd, Buffer.from(block)));
      }
    },
    reopen: () => {
      const opened = open();
      if (nextFd !== fd && nextFd !== opened) closeSync(nextFd);
      nextFd = opened;
      if (!writing) followFile();
    },
  };
}

/** Lines joined into blocks of at most so many bytes; a longer line is a block of its own. */
function blockQueue(bytesMax: number): {
  add(line: string): boolean;
  take(): string | null;
  empty(): boolean;
} {
  let blocks: string[] = [];
  let first = 0;
  let lastBytes = 0;
  let waitingBytes = 0;
  return {
    empty: () => blocks.length === 0,
    add: (line) => {
      const bytes = Buffer.byteLength(line);
      if (waitingBytes + bytes > pendingBytesMax) return false;
      waitingBytes += bytes;
      if (first < blocks.length && lastBytes + bytes <= bytesMax) {
        blocks[blocks.length - 1] += line;
        lastBytes += bytes;
      } else {
        blocks.push(line);
        lastBytes = bytes;
      }
      return true;
    },
    take: () => {
      const block = blocks[first];
      if (block === undefined) return null;
      waitingBytes -= Buffer.byteLength(block);
      if (++first === blocks.length) {
        blocks = [];
        first = 0;
      }
      return block;
    },
  };
}

/** Blocking; gives what could not be written. */
function writeNow(fd: number, chunk: Buffer): Buffer {
  let rest = chunk;
  for (let tries = 0; rest.length > 0 && tries < lastTriesMax; ) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return rest;
      tries++;
      sleep(retryMs);
    }
  }
  return rest;
}

/** Blocks the thread: for the last moments of a process only. */
function sleep(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

function linesIn(chunk: Buffer): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  return lines;
}
