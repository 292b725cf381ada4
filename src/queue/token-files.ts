import { mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '../lib/secret.ts';
import type { KeptToken } from '../relay/credential.ts';
import { StoreError, type TokenVault } from '../relay/ports.ts';
import { codeOf, storeFault } from './faults.ts';
import { parseJson } from './rows.ts';
import { syncDirectory } from './sync-directory.ts';

const suffix = '.json';

/**
 * One file an account in `tokens/` of the queue's directory, for nobody but the relay's own user.
 * The names of accounts are names of files, the configuration sees to that.
 */
export function openTokenFiles(queueDirectory: string): TokenVault {
  const directory = join(queueDirectory, 'tokens');
  const pathOf = (account: string) => join(directory, account + suffix);
  return {
    read: () => guarded(() => readAll(directory)),
    keep: (account, token) =>
      guarded(async () => {
        await mkdir(directory, { mode: 0o700, recursive: true });
        const part = `${pathOf(account)}.part`;
        await unlink(part).catch(unlessGone);
        const file = await open(part, 'wx', 0o600);
        try {
          await file.writeFile(encode(token));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(part, pathOf(account));
        await syncDirectory(directory);
      }),
    remove: (account) =>
      guarded(async () => {
        await unlink(pathOf(account)).catch(unlessGone);
        await syncDirectory(directory).catch(unlessGone);
      }),
  };
}

async function readAll(directory: string): Promise<Map<string, KeptToken>> {
  const names = await readdir(directory).catch((error: unknown) => {
    unlessGone(error);
    return [];
  });
  const tokens = new Map<string, KeptToken>();
  for (const name of names) {
    if (!name.endsWith(suffix)) continue;
    const token = decode(await readFile(join(directory, name), 'utf8'));
    if (token !== null) tokens.set(name.slice(0, -suffix.length), token);
  }
  return tokens;
}

function encode({ refreshToken, grant, login }: KeptToken): string {
  return `${JSON.stringify({ refresh_token: refreshToken.reveal(), grant, login })}\n`;
}

/** Null: a file that makes no sense counts as none. */
function decode(text: string): KeptToken | null {
  const value = parseJson(text) as Readonly<Record<string, unknown>> | null | undefined;
  const { refresh_token: token, grant, login = null } = value ?? {};
  if (typeof token !== 'string' || token === '' || typeof grant !== 'string') return null;
  return {
    refreshToken: new Secret(token),
    grant,
    login: typeof login === 'string' ? login : null,
  };
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFault(error) ?? new StoreError('io', String(error));
  }
}
