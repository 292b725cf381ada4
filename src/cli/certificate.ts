import { printable } from '../lib/printable.ts';
import type { RememberedCertificate } from '../relay/certificate.ts';
import { age, instant, until } from './words.ts';

/** What the upstream's server showed last, for `account show`. */
export function certificateFacts(
  certificate: RememberedCertificate | null,
  nowMs: number,
): (readonly [string, string | null])[] {
  if (certificate === null) return [['Certificate', 'none seen yet']];
  const { subject, names, issuer, validToMs, pin, chain, lastSeenAtMs } = certificate;
  const end = validToMs > nowMs ? `ends ${until(validToMs, nowMs)}` : 'has expired';
  const above = chain.map((link) => `${link.subject} (until ${instant(link.validToMs)})`);
  return [
    ['Certificate', printable(`${names.join(', ') || subject}, issued by ${issuer}`)],
    ['Valid until', `${instant(validToMs)} (${end})`],
    ['Pin', printable(`sha256//${pin}`)],
    ['Chain', above.length === 0 ? null : printable(above.join(' < '))],
    ['Last seen', `${age(lastSeenAtMs, nowMs)} ago`],
  ];
}
