/** A message taken apart at its first empty line. */
export interface Parts {
  readonly header: string;
  readonly content: Buffer;
}

export function parts(message: Buffer): Parts {
  const end = message.indexOf('\r\n\r\n');
  if (end < 0) return { header: message.toString('latin1'), content: Buffer.alloc(0) };
  return { header: message.toString('latin1', 0, end), content: message.subarray(end + 4) };
}

/** The value of a header field, unfolded; null when it is not there. */
export function field(message: Buffer, name: string): string | null {
  const unfolded = parts(message).header.replace(/\r\n(?=[ \t])/g, '');
  return new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(unfolded)?.[1] ?? null;
}

/** Whatever tempts a relay to alter it: dots, white space at line ends, UTF-8, long lines, From at a line start. */
export const trickyContent = Buffer.from(
  [
    '.',
    '..',
    '.a line with a dot before it',
    'trailing spaces   ',
    'a tab at the end\t',
    '',
    'From somebody at the start of a line',
    'Größe, Ελληνικά, 山田 and an emoji 📦',
    'x'.repeat(900),
    '',
    'the end',
    '',
  ].join('\r\n'),
);

interface Names {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
}

export function trickyMessage(names: Names): Buffer {
  return composed(names, trickyContent, '\r\n');
}

/**
 * With the line ends of Unix, none at the end (clients add one that is right), and no dots: clients do not agree on
 * whether those are doubled after a bare LF.
 */
export function unixMessage(names: Names): Buffer {
  return composed(names, Buffer.from('one line\n\nGröße\nthe end'), '\n');
}

function composed(options: Names, content: Buffer, lineEnd: string): Buffer {
  const header = [
    `From: ${options.from}`,
    `To: ${options.to}`,
    `Subject: ${options.subject}`,
    'Date: Sat, 21 Nov 2026 10:00:00 +0000',
    `Message-ID: <${options.subject}@peers.test>`,
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return Buffer.concat([Buffer.from(header.concat('', '').join(lineEnd)), content]);
}
