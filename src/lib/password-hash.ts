import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt's cost (RFC 7914): N, r, p. */
export interface ScryptCost {
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

export interface PasswordHash extends ScryptCost {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** 16 MiB and some tens of milliseconds per password. */
export const scryptCost: ScryptCost = { n: 16_384, r: 8, p: 1 };
const saltBytes = 16;
const hashBytes = 32;
/** A hash from elsewhere may not make us use more memory than this for one password. */
const memoryBytesMax = 256 * 1024 * 1024;

/**
 * Reads `scrypt$N$r$p$salt$hash` (salt and hash in base64url); null when it is none or costs too
 * much.
 */
export function parsePasswordHash(text: string): PasswordHash | null {
  const parts = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]{8,})\$([\w-]{22,})$/.exec(text);
  if (parts === null) return null;
  const [n, r, p] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const powerOfTwo = n > 1 && Number.isInteger(Math.log2(n));
  if (!powerOfTwo || r < 1 || p < 1 || 128 * n * r * p > memoryBytesMax) return null;
  const salt = Buffer.from(parts[4] ?? '', 'base64url');
  return { n, r, p, salt, hash: Buffer.from(parts[5] ?? '', 'base64url') };
}

/** A new hash of the password, in the form `parsePasswordHash` reads. */
export async function hashPassword(password: string, cost = scryptCost): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await derive(password, { ...cost, salt, bytes: hashBytes });
  const fields = [cost.n, cost.r, cost.p, salt.toString('base64url'), hash.toString('base64url')];
  return `scrypt$${fields.join('$')}`;
}

/** Derives off the main thread and compares in constant time. */
export async function verifyPassword(password: string, expected: PasswordHash): Promise<boolean> {
  const derived = await derive(password, { ...expected, bytes: expected.hash.length });
  return timingSafeEqual(derived, expected.hash);
}

function derive(
  password: string,
  options: ScryptCost & { readonly salt: Buffer; readonly bytes: number },
): Promise<Buffer> {
  const { n, r, p, salt, bytes } = options;
  const cost = { N: n, r, p, maxmem: 128 * n * r * p + 32 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, cost, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
