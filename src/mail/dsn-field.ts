import { isAscii } from './ascii.ts';

/**
 * Where folding is tried; RFC 5322 section 2.1.1 asks for at most 78 characters and forbids more
 * than 998.
 */
const foldAt = 76;
/** A single word beyond this is cut, in characters: 4 octets each stay below 998. */
const wordMax = 240;

/** No value can end its field or fill a line: controls become spaces, long runs of spaces one. */
export function oneLine(value: string): string {
  return value
    .replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]+/g, ' ')
    .replace(/ {65,}/g, ' ')
    .trim();
}

/** A header field with its CRLF, folded at spaces; unfolding gives the value back. */
export function headerField(name: string, value: string): string {
  let text = '';
  let line = `${name}:`;
  for (const word of oneLine(value).split(' ').flatMap(cutWord)) {
    if (line.length + 1 + word.length > foldAt && line.trim() !== '' && word !== '') {
      text += `${line}\r\n`;
      line = '';
    }
    line += ` ${word}`;
  }
  return `${text}${line.trimEnd()}\r\n`;
}

function cutWord(word: string): string[] {
  return word.length <= wordMax ? [word] : (word.match(/.{1,240}/gsu) ?? []);
}

/** The display name of `Name <address>` as encoded words (RFC 2047) when it is not ASCII. */
export function encodedMailbox(mailbox: string): string {
  const match = /^(.*?)\s*(<[^<>]*>)$/s.exec(oneLine(mailbox));
  const [, name = '', address = ''] = match ?? [];
  if (match === null || isAscii(name)) return oneLine(mailbox);
  // RFC 2047 section 2: 10 characters of at most 4 octets stay below the 75 of an encoded word.
  const words = name.replace(/^"|"$/g, '').match(/.{1,10}/gsu) ?? [];
  const encoded = words.map((word) => `=?utf-8?B?${Buffer.from(word).toString('base64')}?=`);
  return `${encoded.join(' ')} ${address}`;
}
