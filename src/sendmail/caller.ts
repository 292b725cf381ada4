import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Caller } from './head.ts';

/**
 * Who runs this process, as the user database knows him; `ownName` is what relayd calls itself, for
 * machines without /etc/mailname.
 */
export function callerOf(ownName: string): Caller {
  const { uid, name } = user();
  return { uid, name, fullName: fullNameOf(uid), domain: mailName() ?? ownName };
}

/** In containers many a user has a number only. */
function user(): { uid: number; name: string } {
  try {
    const { uid, username } = userInfo();
    return { uid, name: username };
  } catch {
    const uid = process.getuid?.() ?? 0;
    return { uid, name: `user${uid}` };
  }
}

/** The first part of the comment field of passwd(5); `&` is the login name there. */
function fullNameOf(uid: number): string {
  const lines = textOf('/etc/passwd').split('\n');
  const fields = lines.map((line) => line.split(':')).find((parts) => parts[2] === String(uid));
  const [login = '', , , , comment = ''] = fields ?? [];
  const [name = ''] = comment.split(',');
  return name.replaceAll('&', login.slice(0, 1).toUpperCase() + login.slice(1));
}

/** The name that Debian's mail programs put behind local addresses. */
function mailName(): string | null {
  const name = textOf('/etc/mailname').trim();
  return /^[A-Za-z0-9.-]+$/.test(name) ? name : null;
}

/** Both files may be missing. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
