import type { Login } from '../model.ts';
import { truthOf } from './conditions.ts';
import type { Instance } from './config.ts';
import { expand } from './expand.ts';
import { splitList } from './lists.ts';
import { type Asked, attempt, noteUnread, optionText, scopeOf } from './world.ts';

const KNOWN = /^(?:driver|public_name|client_\w+|server_\w+)$/;

/**
 * What Exim would log in with: the first authenticator whose client side gives a name and a
 * password, PLAIN and LOGIN first, as nearly every server offers them. Null when none does.
 */
export function loginOf(asked: Asked): Login | null {
  const { authenticators } = asked.world.config;
  const [plain = [], others = []] = [true, false].map((wanted) =>
    authenticators.filter(
      ({ options }) => (options.get('driver')?.value === 'plaintext') === wanted,
    ),
  );
  for (const authenticator of [...plain, ...others]) {
    const login = clientLogin(authenticator, {
      ...asked,
      what: `authenticator ${authenticator.name}`,
    });
    if (login !== null) return login;
  }
  return null;
}

/** Passwords of Exim's own clients are no business of the upstream's; said once. */
export function noteServerSides(asked: Asked): void {
  const { note, config } = asked.world;
  for (const authenticator of config.authenticators) {
    const { name, options, at } = authenticator;
    noteUnread(authenticator, { kind: 'authenticator', note, known: KNOWN });
    if ([...options.keys()].some((option) => option.startsWith('server_'))) {
      note(
        'left-out',
        at,
        `server side of authenticator ${name}`,
        'apps that log in become entries of clients:, with a hash from `relayctl client password`',
      );
    }
  }
}

function clientLogin({ options }: Instance, asked: Asked): Login | null {
  const condition = options.get('client_condition');
  if (condition !== undefined && !truthOf(optionText(condition, asked) ?? '')) return null;
  const driver = options.get('driver')?.value;
  const pair =
    driver === 'plaintext'
      ? plainPair(options, asked)
      : [
          optionText(options.get('client_name') ?? options.get('client_username'), asked),
          optionText(options.get('client_secret') ?? options.get('client_password'), asked),
        ];
  const [username, password] = pair ?? [];
  if (!username || !password) return null;
  return { username, password: { is: 'text', text: password }, auth: 'auto' };
}

/** `client_send`: what PLAIN sends in one piece, LOGIN in two; `^` is NUL, `^^` itself. */
function plainPair(
  options: Instance['options'],
  asked: Asked,
): readonly [string | undefined, string | undefined] | null {
  const send = options.get('client_send');
  if (send === undefined) return null;
  const scope = scopeOf(asked.world, asked.mail);
  const sent = attempt(send, asked, () => splitList(send.value).map((item) => expand(item, scope)));
  if (sent === null) return null;
  const pieces = sent.map((item) =>
    item
      .replaceAll('^^', '\0')
      .split('^')
      .map((part) => part.replaceAll('\0', '^')),
  );
  const plain = pieces.find((parts) => parts.length >= 3);
  if (plain !== undefined) return [plain[1], plain.slice(2).join('^')];
  const words = pieces.map((parts) => parts.join('^')).filter((word) => word !== '');
  return words.length >= 2 ? [words[0], words[1]] : null;
}
