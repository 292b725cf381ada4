import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../lib/version.ts';
import type { ReplyRule } from '../relay/reply-rule.ts';
import { domainFactsSchema } from './provider-domain.ts';
import { compileRule, replyRuleSchema } from './reply-rules.ts';
import { accountLimitsSchema } from './schema/account-parts.ts';
import { addressPattern, fieldName, quotaRate, rate } from './schema/kinds.ts';

/** config/providers/NAME.json: what is known of one provider. */
const presetSchema = z.strictObject({
  title: z.string(),
  documentation: z.url(),
  /** `{region}` is replaced by the account's region; absent where every customer has an own one. */
  host: z.string().optional(),
  /** Other hosts of the same provider; its group `region` is the region they belong to. */
  host_pattern: z.strictObject({ pattern: z.string(), samples: z.array(z.string()) }).optional(),
  /** Hosts of single regions. */
  hosts: z.record(z.string(), z.string()).prefault({}),
  /** Known regions for `{region}`; others are taken as well, providers open new ones. */
  regions: z.array(z.string()).prefault([]),
  port: z.int(),
  tls: z.enum(['starttls', 'implicit']),
  auth: z.enum(['auto', 'plain', 'login', 'xoauth2']).prefault('auto'),
  /** Whether the server may know this machine by its address. */
  login: z.enum(['required', 'optional']).prefault('required'),
  /** The username that all its customers share. */
  username: z.string().optional(),
  /** What usernames look like; the hint is shown when one does not. */
  username_pattern: z.strictObject({ pattern: z.string(), hint: z.string() }).optional(),
  /** Who may send, where the username says nothing about that. */
  identities: z.array(addressPattern()).optional(),
  password: z
    .strictObject({
      whitespace: z.enum(['ignored', 'kept']).prefault('kept'),
      pattern: z.string().optional(),
      hint: z.string(),
    })
    .optional(),
  /** Where its access tokens come from; `device_url` and `scope` are for RFC 8628. */
  oauth2: z
    .strictObject({
      token_url: z.url(),
      device_url: z.url().optional(),
      scope: z.string().optional(),
    })
    .optional(),
  /** How `secret_access_key` becomes the password. */
  derived_password: z.enum(['ses']).optional(),
  limits: accountLimitsSchema,
  /** A header field whose value its feedback gives back: our id of the message goes there. */
  echo: fieldName().optional(),
  /** Header fields that are orders to this provider: `X-SES-*` for all that begin like that. */
  headers: z.array(fieldName()).prefault([]),
  /** Logins that an account should not exceed; absent: not known to be counted. */
  logins: rate().optional(),
  /** What the DNS of its customers' domains needs; absent: not known. */
  domain: domainFactsSchema.optional(),
  /** In place of limits.rate while the account is in the provider's test mode. */
  sandbox: z.strictObject({ rate: z.array(quotaRate()) }).optional(),
  /** The provider's own name for a message: group 1 of what its last reply says. */
  id: z
    .strictObject({ pattern: z.string(), sample: z.string(), is: z.string(), for: z.string() })
    .optional(),
  /** What replies mean, in order; a name: those of that preset. */
  reply_rules: z.union([z.string(), z.array(replyRuleSchema)]).prefault([]),
  notes: z.array(z.string()).prefault([]),
});

export type Preset = z.output<typeof presetSchema>;

const folder = join(packageRoot, 'config', 'providers');

/** Names that `accounts.*.provider` may have. */
export function presetNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.slice(0, -'.json'.length))
    .sort();
}

const presets = new Map<string, Preset>();

/** The preset of a provider, read once; null when there is none of that name. */
export function readPreset(name: string): Preset | null {
  const known = presets.get(name);
  if (known !== undefined) return known;
  if (!presetNames().includes(name)) return null;
  const data: unknown = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const preset = presetSchema.parse(data);
  presets.set(name, preset);
  return preset;
}

const compiled = new Map<string, readonly ReplyRule[]>();

/** The reply rules of a provider, compiled once; none for an unknown one. */
export function replyRulesOf(name: string): readonly ReplyRule[] {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const data = readPreset(name)?.reply_rules ?? [];
  const rules = typeof data === 'string' ? replyRulesOf(data) : data.map(compileRule);
  compiled.set(name, rules);
  return rules;
}

let fieldsOf: ReadonlyMap<string, readonly string[]> | null = null;

/**
 * Header fields, in lower case, that are orders to other providers and none to this one; null: to a
 * server without preset.
 */
export function foreignFields(provider: string | null): readonly string[] {
  fieldsOf ??= new Map(
    presetNames().map((name) => [
      name,
      (readPreset(name)?.headers ?? []).map((field) => field.toLowerCase()),
    ]),
  );
  const own = fieldsOf.get(provider ?? '') ?? [];
  const all = new Set([...fieldsOf.values()].flat());
  return [...all].filter((field) => !own.includes(field));
}

/** The region that a host given in the file belongs to, as its name says; null when it does not. */
export function regionOfHost(preset: Preset, host: string): string | null {
  if (preset.host_pattern === undefined) return null;
  return new RegExp(preset.host_pattern.pattern, 'i').exec(host)?.groups?.region ?? null;
}

/** Providers open new ones: those that are not are taken as well. */
export function isKnownRegion({ regions, hosts }: Preset, region: string): boolean {
  return regions.includes(region) || Object.hasOwn(hosts, region);
}

/** The host for a region; a problem in words when the preset needs another one. */
export function presetHost(
  preset: Preset,
  region: string | null,
): { host: string } | { problem: string } {
  const { host: usual } = preset;
  if (usual === undefined) return { problem: `missing; ${preset.title} has no host of its own` };
  const templated = usual.includes('{region}');
  if (region === null) {
    if (!templated) return { host: usual };
    return { problem: `missing; ${preset.title} needs a region such as ${preset.regions[0]}` };
  }
  const host = Object.hasOwn(preset.hosts, region) ? preset.hosts[region] : undefined;
  if (host !== undefined) return { host };
  // RFC 1123 section 2.1 label: what comes from the file ends up in a host name.
  if (templated && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(region)) {
    return { host: usual.replace('{region}', region) };
  }
  const known = [...Object.keys(preset.hosts), ...(templated ? preset.regions : [])];
  return known.length === 0
    ? { problem: `${preset.title} has no regions; remove it` }
    : { problem: `no region of ${preset.title}; known are ${known.join(', ')}` };
}
