import { type KeyObject, X509Certificate } from 'node:crypto';
import type { Clock } from '../relay/ports.ts';
import type { CertificateKey } from './sns.ts';

/** What is asked of the servers of SNS; the addresses have been checked (`sns`). */
export interface SnsServer {
  readonly keyAt: CertificateKey;
  /** False: the subscription was not confirmed; SNS asks again. */
  confirm(url: string): Promise<boolean>;
}

export interface SnsServerDeps {
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}

const fetchMsMax = 5_000;
const certificateBytesMax = 16 * 1024;
const certificatesMax = 16;
/** A certificate that could not be had is asked for again after this long. */
const againMs = 60_000;
/** A stranger who knows a topic must not have us ask for one certificate after the other. */
const fetchesPerMinute = 10;

interface Kept {
  readonly certificate: Promise<X509Certificate | null>;
  /** Until then a failure stands. */
  readonly askedAtMs: number;
}

/** Certificates are fetched once; that they come from SNS is what TLS says of its server. */
export function snsServer({ clock, fetch: get }: SnsServerDeps): SnsServer {
  const kept = new Map<string, Kept>();
  let fetched: number[] = [];

  const mayFetch = (nowMs: number): boolean => {
    fetched = fetched.filter((atMs) => atMs > nowMs - againMs);
    if (fetched.length >= fetchesPerMinute) return false;
    fetched.push(nowMs);
    return true;
  };
  const load = async (url: string): Promise<X509Certificate | null> => {
    try {
      const answer = await get(url, options());
      if (!answer.ok) return null;
      return new X509Certificate(await textOf(answer));
    } catch {
      // No way there, no certificate, or too long a text: there is no key now.
      return null;
    }
  };
  const certificateAt = async (url: string): Promise<X509Certificate | null> => {
    const nowMs = clock();
    const known = kept.get(url);
    const found = known === undefined ? null : await known.certificate;
    if (found !== null || (known !== undefined && nowMs < known.askedAtMs + againMs)) return found;
    if (!mayFetch(nowMs)) return null;
    const certificate = load(url);
    kept.set(url, { certificate, askedAtMs: nowMs });
    for (const oldest of [...kept.keys()].slice(0, -certificatesMax)) kept.delete(oldest);
    return certificate;
  };
  return {
    async keyAt(url): Promise<KeyObject | null> {
      const certificate = await certificateAt(url);
      if (certificate === null) return null;
      const nowMs = clock();
      const inForce =
        certificate.validFromDate.getTime() <= nowMs && nowMs < certificate.validToDate.getTime();
      return inForce ? certificate.publicKey : null;
    },
    async confirm(url) {
      try {
        const answer = await get(url, options());
        await answer.body?.cancel();
        return answer.ok;
      } catch {
        // SNS is told that it did not work, and asks again.
        return false;
      }
    },
  };
}

/** A redirect would lead away from the server that was checked. */
function options(): RequestInit {
  return { redirect: 'error', signal: AbortSignal.timeout(fetchMsMax) };
}

async function textOf(answer: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > certificateBytesMax) throw new RangeError('longer than any certificate');
  }
  return text;
}
