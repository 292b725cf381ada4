import { basename } from 'node:path';
import type { Settings } from '../relay/settings.ts';
import { isObject } from './check.ts';
import { describeSettings } from './describe.ts';
import type { ConfigDocument, PathPart } from './document.ts';
import { leavesOf } from './leaves.ts';
import { type Preset, readPreset } from './presets.ts';
import { formatPath } from './problem.ts';

/**
 * Where each value of the configuration in force came from, by its path: `relay.yaml:12`, `preset
 * gmail`, `default`, or what it was derived from.
 */
export function originsOf(
  document: ConfigDocument,
  settings: Settings,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    leavesOf(describeSettings(settings)).map(({ path, value }) => {
      const origin = inFile(document, path) ?? derived(document, path);
      // A username that is no address says nothing about who may be sent as.
      const idle = origin === FROM_USERNAME && Array.isArray(value) && value.length === 0;
      return [formatPath(path), idle ? 'default' : origin];
    }),
  );
}

const FROM_USERNAME = 'from username';

/** Keys that are written in another way, or at another place, than they are shown. */
const WRITTEN_AS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  password: [['secret_access_key']],
  'tls.client_certificate': [['certificate']],
};

function inFile(document: ConfigDocument, path: readonly PathPart[]): string | null {
  const [section, name, ...keys] = path;
  const others = section === 'accounts' && name !== undefined ? WRITTEN_AS[keys.join('.')] : [];
  const written = [path, ...(others ?? []).map((other) => ['accounts', name ?? '', ...other])];
  for (const candidate of written) {
    if (valueAt(document.plain, candidate) === undefined) continue;
    const { file, line } = document.placeOf(candidate);
    return `${basename(file)}:${line}`;
  }
  return null;
}

function valueAt(plain: unknown, path: readonly PathPart[]): unknown {
  let value = plain;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === 'number') value = value[part];
    else if (isObject(value) && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

/** Values without a key of their own whose default hangs on something else. */
const DERIVED: Readonly<Record<string, string>> = {
  hostname: "this machine's name",
  'limits.connections_reserved': 'from limits.connections',
};

function derived(document: ConfigDocument, path: readonly PathPart[]): string {
  const [section, name, ...keys] = path;
  if (section !== 'accounts' || name === undefined) return DERIVED[path.join('.')] ?? 'default';
  const config = valueAt(document.plain, [section, name]);
  const account = isObject(config) ? config : {};
  const { provider } = account;
  const preset = typeof provider === 'string' ? readPreset(provider) : null;
  const key = keys.join('.');
  if (preset !== null && fromPreset(preset, key, account)) return `preset ${provider}`;
  if (key === 'identities') return FROM_USERNAME;
  if (key === 'tls.servername') return 'from host';
  if (key === 'tls.mode') return 'from port';
  return 'default';
}

/** Whether the preset has a say in a key that the account leaves out; as build/accounts takes it. */
function fromPreset(
  preset: Preset,
  key: string,
  account: Readonly<Record<string, unknown>>,
): boolean {
  switch (key) {
    case 'host':
    case 'port':
    case 'auth':
      return true;
    case 'tls.mode':
      return account.port === undefined;
    case 'username':
      return preset.username !== undefined;
    case 'identities':
      return preset.identities !== undefined;
    case 'limits.rate':
      return account.sandbox === true || preset.limits.rate !== undefined;
    default: {
      const [group, name = ''] = key.split('.');
      const part: unknown =
        group === 'limits' ? preset.limits : group === 'oauth2' ? preset.oauth2 : {};
      return isObject(part) && part[name] !== undefined;
    }
  }
}
