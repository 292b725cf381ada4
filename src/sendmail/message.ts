/*
 * A message as programs write it, on its way to SMTP: line ends of any kind become CRLF, dots are
 * stuffed.
 */

const LF = 10;
const CR = 13;
const DOT = 46;
const crlf = Buffer.from('\r\n');
const lf = Buffer.from('\n');
const dot = Buffer.from('.');

export interface WireText {
  /** Returns false once a line with only a dot has ended the message. */
  push(chunk: Buffer): boolean;
  end(): void;
}

/** `dotEnds`: a line with only a dot ends the message; what follows it is dropped. */
export function wireText(emit: (piece: Buffer) => void, dotEnds: boolean): WireText {
  let held: Buffer = Buffer.alloc(0);
  let lineStart = true;
  let afterCr = false;
  let ended = false;
  return {
    push(chunk) {
      const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      held = Buffer.alloc(0);
      for (let from = 0; from < data.length && !ended; ) {
        const end = data.indexOf(LF, from);
        if (lineStart && data[from] === DOT) {
          // `.` and `.` CR may turn out to be the end.
          if (dotEnds && end < 0 && data.length - from <= 2) {
            held = data.subarray(from);
            return true;
          }
          ended = dotEnds && /^\.\r?\n/.test(data.toString('latin1', from, from + 3));
          if (ended) break;
          emit(dot);
        }
        if (end < 0) {
          emit(data.subarray(from));
          lineStart = false;
          afterCr = data.at(-1) === CR;
          break;
        }
        const hasCr = end > from ? data[end - 1] === CR : !lineStart && afterCr;
        if (end > from) emit(data.subarray(from, end));
        emit(hasCr ? lf : crlf);
        lineStart = true;
        from = end + 1;
      }
      return !ended;
    },
    end() {
      if (held.length > 0) {
        emit(dot);
        emit(held);
        lineStart = false;
        afterCr = held.at(-1) === CR;
      }
      if (!lineStart) emit(afterCr ? lf : crlf);
    },
  };
}

/** The header of a message: its fields as they stand there, without line ends at their ends. */
export interface Head {
  readonly fields: readonly Field[];
  /** Where the body begins, behind the empty line if there is one. */
  readonly length: number;
}

export interface Field {
  /** In lower case. */
  readonly name: string;
  /** `Name: value`, latin1, folded lines with LF. */
  readonly text: string;
}

const FIELD = /^([!-9;-~]+)[ \t]*:/;

/**
 * Takes the header off the beginning of a message; null: its end has not come yet. A line that is
 * no field begins the body. The line that mailboxes put first (`From someone Sat Nov 21 ...`) is
 * left out.
 */
export function splitHead(data: Buffer, complete: boolean): Head | null {
  const lines: { name: string; text: string }[] = [];
  let from = 0;
  for (;;) {
    const end = data.indexOf(LF, from);
    if (end < 0 && !complete) return null;
    const next = end < 0 ? data.length : end + 1;
    const line = data.toString('latin1', from, end < 0 ? next : end).replace(/\r$/, '');
    if (line === '') return { fields: lines, length: next };
    const last = lines.at(-1);
    const name = FIELD.exec(line)?.[1];
    if (last !== undefined && /^[ \t]/.test(line)) last.text += `\n${line}`;
    else if (name !== undefined) lines.push({ name: name.toLowerCase(), text: line });
    else if (from > 0 || !/^>?From /.test(line)) return { fields: lines, length: from };
    from = next;
    if (from >= data.length && complete) return { fields: lines, length: from };
  }
}
