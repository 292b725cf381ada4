/**
 * Cuts a byte stream into lines of bounded length. `push` gives the complete lines, or null when
 * one is too long.
 */
export interface LineReader {
  push(chunk: Buffer): string[] | null;
}

export function lineReader(lineBytesMax: number): LineReader {
  let pieces: Buffer[] = [];
  let heldBytes = 0;
  return {
    push(chunk) {
      const lines: string[] = [];
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        pieces.push(chunk.subarray(start, end));
        if (heldBytes + end - start > lineBytesMax) return null;
        lines.push(Buffer.concat(pieces).toString('utf8'));
        pieces = [];
        heldBytes = 0;
        start = end + 1;
      }
      heldBytes += chunk.length - start;
      if (heldBytes > lineBytesMax) return null;
      if (start < chunk.length) pieces.push(chunk.subarray(start));
      return lines;
    },
  };
}

/** The JSON value of a line, or undefined when it is none. */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
