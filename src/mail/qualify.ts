import { tokenAt } from './header-address.ts';

/**
 * Puts `@domain` behind every address of a list (RFC 5322 section 3.4) that has no domain, as local
 * programs write them: `root (Cron Daemon)`, `Ops <ops>`. What cannot be read stays as it is.
 */
export function qualifyAddresses(value: string, domain: string): string {
  let result = '';
  let element: string[] = [];
  const close = (): void => {
    result += qualifyElement(element, domain);
    element = [];
  };
  let index = 0;
  while (index < value.length) {
    const token = tokenAt(value, index);
    if (token === null) return value;
    index += token.length;
    if (token === ':') {
      // The name of a group is no address.
      result += element.join('') + token;
      element = [];
    } else if (token === ',' || token === ';') {
      close();
      result += token;
    } else {
      element.push(token);
    }
  }
  close();
  return result;
}

/** One word: atoms and dots, or a quoted string. */
const WORD = /^(?:[^\s@<>()[\]",;:\\\x00-\x1f\x7f]+|"(?:[^"\\]|\\.)*")$/;

function qualifyElement(tokens: readonly string[], domain: string): string {
  const angle = tokens.findIndex((token) => token.startsWith('<'));
  if (angle >= 0) {
    const address = (tokens[angle] ?? '').slice(1, -1).trim();
    return WORD.test(address)
      ? tokens.with(angle, `<${address}@${domain}>`).join('')
      : tokens.join('');
  }
  const place = tokens.findIndex((token) => !token.startsWith('(') && token.trim() !== '');
  const plain = tokens.filter((token) => !token.startsWith('(')).join('');
  const text = tokens[place] ?? '';
  if (!WORD.test(plain.trim()) || text.trim() !== plain.trim()) return tokens.join('');
  return tokens
    .with(place, `${text.trimEnd()}@${domain}${text.slice(text.trimEnd().length)}`)
    .join('');
}
