import { createHmac, randomBytes } from 'node:crypto';
import type { LogSettings } from '../relay/settings.ts';

/** Event fields that hold one address, and fields of free text in which addresses may stand. */
export const ADDRESS_FIELDS = ['reversePath', 'recipient', 'sender', 'authenticatedAs'] as const;
export const TEXT_FIELDS = ['client', 'messageIdField', 'text', 'reply', 'detail', 'hint'] as const;

/** Anything shaped like local-part@domain inside prose: `<a@b.example>`, `user=a@b.example`. */
const ADDRESS_IN_TEXT = /[^\s<>()[\]"'`,;:=@]+@[\w.-]+/gu;

/** The log and the spans of one run give the same address the same stand-in. */
const key = randomBytes(32);

type Redact = (value: unknown) => unknown;

/**
 * How each field is shown under `log.addresses`; null when all stays as it is.
 * hashed: 12 hex digits that are the same for the same address in one run of the daemon only, so a
 * dictionary of addresses cannot be tried against an old log. domain: the part after the last @.
 */
export function addressRedaction(mode: LogSettings['addresses']): Map<string, Redact> | null {
  if (mode === 'full') return null;
  const shorten = mode === 'domain' ? domainOnly : keyedHash;
  const address: Redact = (value) => (typeof value === 'string' ? shorten(value) : value);
  const text: Redact = (value) =>
    typeof value === 'string' ? value.replace(ADDRESS_IN_TEXT, shorten) : value;
  return new Map<string, Redact>([
    ...ADDRESS_FIELDS.map((field) => [field, address] as const),
    ...TEXT_FIELDS.map((field) => [field, text] as const),
  ]);
}

function domainOnly(address: string): string {
  return address === '' ? '' : `*${address.slice(Math.max(0, address.lastIndexOf('@')))}`;
}

function keyedHash(address: string): string {
  if (address === '') return '';
  const digest = createHmac('sha256', key).update(address.toLowerCase()).digest('hex');
  return `~${digest.slice(0, 12)}`;
}
