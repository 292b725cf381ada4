import fc from 'fast-check';

/** What strangers write into subjects, addresses, names and replies, by what it tries. */
export const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ['HTML', '<script>alert(1)</script><img src=x onerror="alert(1)">&lt;'],
  ['a colour', 'a\x1b[31mred\x1b[0m'],
  ['a cleared screen', '\x1b[2J\x1b[H\x1b[3J'],
  ['a link', '\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\'],
  ['the clipboard', '\x1b]52;c;cm0gLXJmIH4=\x07'],
  ['a window title', '\x1b]0;root@host\x07'],
  ['a device report', '\x1b[6n\x1bP$q"p\x1b\\\x1bZ'],
  ['C1 controls', 'a\x9b31mred\x9d8;;x\x9c\x85\x90'],
  ['line ends', 'a\r\n{"level":"error","event":"daemon.failed"}\nb\rc\u2028d\u2029e\vf\fg'],
  ['a fake log line', 'x\n2026-11-21T11:35:00.123Z error daemon.failed what=x'],
  ['an override', 'invoice\u202egpj.exe'],
  ['isolates and marks', '\u2066a\u2067b\u2068c\u2069\u200e\u200f\u061c\u202a\u202b\u202c\u202d'],
  ['no width', 'a\u200bb\u200cc\u200dd\u2060e\ufefff\xadg\u180eh'],
  ['NUL and DEL', 'a\0b\x7fc\bd'],
  ['tabs', 'a\tb\tc'],
  ['half a character', 'a\ud800b\udc00'],
  ['a template', `\${7*7} %s %n {{x}} $(reboot) \`reboot\``],
  ['a label', '"} 1\nrelayd_up 0\n# HELP x{y="'],
  ['length', 'x'.repeat(10_240)],
  ['length and escapes', '\x1b[1m\u202e'.repeat(1_280)],
];

/** Any mixture of them and of ordinary text. */
export const hostileText = (): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constantFrom(...HOSTILE.map(([, text]) => text)), fc.string()), {
      minLength: 1,
      maxLength: 4,
    })
    .map((pieces) => pieces.join(''));
