import { createHmac, randomBytes } from 'node:crypto';
import { ADDRESS_IN_TEXT } from '../mail/address-in-text.ts';
import type { RelayEvent } from '../relay/events.ts';
import type { LogSettings } from '../relay/settings.ts';

/** Event fields that are an address and nothing else; in every other text one may stand. */
const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  'reversePath',
  'recipient',
  'sender',
  'authenticatedAs',
]);

/** How addresses are written under `log.addresses`. */
export interface AddressRedaction {
  /** Every text of it, whatever its field. */
  event(event: RelayEvent): RelayEvent;
  text(text: string): string;
}

/** The log and the spans of one run give the same address the same stand-in. */
const key = randomBytes(32);

/**
 * Null when all stays as it is. hashed: 12 hex digits that are the same for the same address in one
 * run of the daemon only, so a dictionary of addresses cannot be tried against an old log. domain:
 * the part after the last @.
 */
export function addressRedaction(mode: LogSettings['addresses']): AddressRedaction | null {
  if (mode === 'full') return null;
  const shorten = mode === 'domain' ? domainOnly : keyedHash;
  const text = (given: string): string =>
    given.includes('@') ? given.replace(ADDRESS_IN_TEXT, shorten) : given;
  const value = (field: string, given: unknown): unknown => {
    if (Array.isArray(given)) return given.map((one) => value(field, one));
    if (typeof given !== 'string') return given;
    return ADDRESS_FIELDS.has(field) ? shorten(given) : text(given);
  };
  return {
    event: (event) =>
      Object.fromEntries(
        Object.entries(event).map(([field, given]) => [field, value(field, given)]),
      ) as RelayEvent,
    text,
  };
}

/** As `addresses` says now: a reload may change it. */
export function redactionInForce(
  addresses: () => LogSettings['addresses'],
): () => AddressRedaction | null {
  let mode = addresses();
  let redaction = addressRedaction(mode);
  return () => {
    if (addresses() !== mode) {
      mode = addresses();
      redaction = addressRedaction(mode);
    }
    return redaction;
  };
}

function domainOnly(address: string): string {
  return address === '' ? '' : `*${address.slice(Math.max(0, address.lastIndexOf('@')))}`;
}

function keyedHash(address: string): string {
  if (address === '') return '';
  const digest = createHmac('sha256', key).update(address.toLowerCase()).digest('hex');
  return `~${digest.slice(0, 12)}`;
}
