import { Resolver } from 'node:dns/promises';
import { EX_TEMPFAIL } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';

/** The records a domain check asks for; a name without any gives an empty list. */
export interface Dns {
  /** The strings of each record joined (RFC 7208 section 3.3). */
  txt(name: string): Promise<readonly string[]>;
  cname(name: string): Promise<readonly string[]>;
}

const timeoutMs = 3_000;
const tries = 2;

/**
 * Asks the system's DNS servers, or the one given as `address:port`. Each name is asked for once.
 * Rejects with Failure when no server answers: a record is missing only when one says so.
 */
export function openDns(server: string | null): Dns {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (server !== null) resolver.setServers([server]);
  return {
    txt: remembered(async (name) => {
      const records = await orNone(name, () => resolver.resolveTxt(name));
      return records.map((strings) => strings.join(''));
    }),
    cname: remembered((name) => orNone(name, () => resolver.resolveCname(name))),
  };
}

function remembered(
  ask: (name: string) => Promise<readonly string[]>,
): (name: string) => Promise<readonly string[]> {
  const answers = new Map<string, Promise<readonly string[]>>();
  return (name) => {
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = ask(name);
    answers.set(name, answer);
    return answer;
  };
}

async function orNone<T>(name: string, ask: () => Promise<T[]>): Promise<T[]> {
  try {
    return await ask();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTFOUND' || code === 'ENODATA' || code === 'EBADNAME') return [];
    throw new Failure('dns', EX_TEMPFAIL, `no answer from the DNS for ${name}: ${message}`);
  }
}
