import { anyOf } from '../any-of.ts';
import type { Note } from '../model.ts';
import type { Parameters } from './main-cf.ts';

/** Parameters that this import looks at. */
const READ = anyOf(`
  relayhost sender_dependent_relayhost_maps sender_dependent_default_transport_maps
  transport_maps smtp_sasl_password_maps smtp_sasl_auth_enable smtp_tls_policy_maps
  smtp_sender_dependent_authentication smtp_tls_security_level smtp_tls_wrappermode
  smtp_use_tls smtp_enforce_tls smtp_tls_CAfile smtp_tls_cert_file smtp_tls_key_file
  smtp_bind_address smtp_fallback_relay smtp_generic_maps sender_canonical_maps canonical_maps
  mynetworks mynetworks_style inet_interfaces myhostname mydomain message_size_limit
  maximal_queue_lifetime default_database_type compatibility_level
`);

const REASONS: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:smtp_sasl_|smtp_tls_|smtp_use|tls_)/,
    'relayd chooses the login and TLS of each account by itself',
  ],
  [/^smtpd_/, 'who may send is said by listeners: and clients:'],
  [/bcc_maps$|^always_bcc$/, 'use bcc: of a route'],
  [/checks$|^milter|milters$/, 'relayd does not look into messages; see headers: of a route'],
  [
    /^(?:mydestination|local_|virtual_|mailbox_|home_mailbox|alias_|luser|myorigin|relay_domains)/,
    'relayd has no mailboxes: it sends all mail through an account',
  ],
  [
    /^(?:queue|data|daemon|command|mail|sendmail|mailq|shlib|meta|process|config)_|^setgid/,
    'belongs to how Postfix runs; see queue.directory',
  ],
  [/^maillog_|^syslog_|^debug_/, 'the log is set by log:'],
  [
    /_limit$|_delay$|_time$|_timeout$|_lifetime$/,
    'limits are those of limits:, queue: and each account',
  ],
];

const unknown = 'relayd has no such setting';

function reasonOf(name: string): string {
  return REASONS.find(([pattern]) => pattern.test(name))?.[1] ?? unknown;
}

/** Names what is set and not carried over, one finding for each reason. */
export function noteUnread(main: Parameters, note: Note): void {
  const texts = [...main.values()].map(({ value }) => value).join(' ');
  // Names that only others refer to have done their work.
  const isHelper = (name: string): boolean =>
    new RegExp(`\\$[{(]?${name}\\b`).test(texts) && reasonOf(name) === unknown;
  const unread = [...main].filter(([name]) => !READ.test(name) && !isHelper(name));
  for (const [why, parameters] of Map.groupBy(unread, ([name]) => reasonOf(name))) {
    const at = parameters[0]?.[1].at;
    const names = parameters.map(([name]) => name).join(', ');
    if (at !== undefined) note('left-out', at, names, why);
  }
}
