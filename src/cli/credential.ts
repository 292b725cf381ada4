import type { CredentialSlot, CredentialUse } from '../relay/credential.ts';
import { age } from './words.ts';

const TITLES: Readonly<Record<CredentialSlot, string>> = {
  password: 'Password',
  next_password: 'Next password',
  oauth2: 'OAuth 2.0',
};

/** One line each: what an account has to log in with, for how long, and what came of it. */
export function credentialFacts(
  credentials: readonly CredentialUse[],
  nowMs: number,
): [string, string][] {
  return credentials.map((one) => [TITLES[one.slot], credentialText(one, nowMs)]);
}

/** `in use, known for 12d, accepted 5m ago`, `known for 2h, not accepted yet, refused 3m ago` */
function credentialText(
  { inUse, firstSeenAtMs, lastAcceptedAtMs, refusedAtMs }: CredentialUse,
  nowMs: number,
): string {
  const known = `known for ${age(firstSeenAtMs, nowMs)}`;
  const accepted =
    lastAcceptedAtMs === null ? 'not accepted yet' : `accepted ${age(lastAcceptedAtMs, nowMs)} ago`;
  const refused = refusedAtMs === null ? [] : [`refused ${age(refusedAtMs, nowMs)} ago`];
  return [...(inUse ? ['in use'] : []), known, accepted, ...refused].join(', ');
}
