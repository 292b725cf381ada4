import { deepStrictEqual, ok } from 'node:assert/strict';
import { parseMailboxes } from '../../src/mail/header-address.ts';
import { HeaderEdit } from '../../src/mail/header-edit.ts';
import { HeaderScan } from '../../src/mail/header-scan.ts';
import type { Pieces, Target } from './target.ts';

const capture = new Map([
  ['from', 4_096],
  ['subject', 64],
]);
const remove = new Set(['bcc']);
const change = { remove: ['x-gone', 'x-ses-*'], from: 'new@relay.example' };

/**
 * However a message is cut into pieces, the same is found in it and the same comes out; what is left
 * out is gone, nothing else is, and the body passes to the byte.
 */
export const headerTarget: Target = {
  words: [
    'From: A <a@x.example>\r\n',
    'FROM : "b, c" <b@x.example>, d@x.example\r\n',
    'Bcc: secret@x.example\r\n',
    'bcc\t:',
    'Sender: <s@x.example>\r\n',
    'Reply-To: r@x.example\r\n',
    'X-Gone: 1\r\n',
    'X-Ses-Tag: 2\r\n',
    'Subject: =?utf-8?q?=C3=A4?=\r\n',
    'Received: from a by b\r\n',
    ' folded\r\n',
    '\t\r\n',
    'From',
    ':',
    '\r\n',
    '\r\n\r\nbody\r\n',
    '(((',
    '<@a,@b:c@d>',
    '"\\',
    'group: a@b, c@d;',
  ],
  piecesMax: 12,
  async open() {
    return {
      async run(given) {
        // As the decoder before it gives them: every line ends with CRLF.
        const text = given.join('').replace(/\r\n|\r|\n/g, '\r\n');
        const pieces = cutAsGiven(text, given);
        deepStrictEqual(scan(pieces), scan([text]));
        const edited = edit(pieces);
        deepStrictEqual(edited, edit([text]));
        ok(Buffer.byteLength(edited, 'latin1') < text.length * 4 + 100_000, 'it swells');
        for (const value of scan([text]).values.flatMap(([, all]) => all)) parseMailboxes(value);
      },
      close: async () => {},
    };
  },
};

/** The text in pieces about as long as the given ones, and CRLF never parted. */
function cutAsGiven(text: string, given: Pieces): Pieces {
  const pieces: string[] = [];
  let from = 0;
  for (const { length } of given) {
    let to = Math.min(text.length, from + length);
    if (text[to - 1] === '\r') to += 1;
    pieces.push(text.slice(from, to));
    from = to;
  }
  return [...pieces, text.slice(from)].filter((piece) => piece !== '');
}

function scan(pieces: Pieces) {
  let kept = '';
  const scanner = new HeaderScan({
    capture,
    remove,
    emit: (piece) => {
      kept += piece.toString('latin1');
    },
  });
  let body: string | null = null;
  for (const piece of pieces.map((one) => Buffer.from(one, 'latin1'))) {
    if (body !== null) {
      body += piece.toString('latin1');
      continue;
    }
    const used = scanner.push(piece);
    if (used < 0) continue;
    body = scanner.heldBack.toString('latin1') + piece.subarray(used).toString('latin1');
  }
  scanner.end();
  ok(!/^bcc[ \t]*:/im.test(kept), 'a Bcc field is left');
  ok(pieces.join('').endsWith(body ?? ''), 'the body is not what came');
  const { received, utf8, overlong } = scanner;
  return { kept, body, received, utf8, overlong: [...overlong], values: [...scanner.values] };
}

function edit(pieces: Pieces): string {
  const editor = new HeaderEdit(change);
  const out = pieces.flatMap((piece) => editor.push(Buffer.from(piece, 'latin1')));
  return Buffer.concat([...out, ...editor.end()]).toString('latin1');
}
