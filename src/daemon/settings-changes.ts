import { describeSettings } from '../config/describe.ts';
import type { Settings } from '../relay/settings.ts';

export interface SettingsChanges {
  /**
   * Keys that differ, as `accounts.gmail`, `limits`, `routes`. Secrets count, their values are not
   * shown.
   */
  readonly changes: readonly string[];
  /** Keys that differ and cannot change while the daemon runs. */
  readonly needRestart: readonly string[];
}

/** Opened once, at start. */
const FIXED = ['queue.directory', 'control', 'observe'];

/** What a reload would change. */
export function changesBetween(before: Settings, after: Settings): SettingsChanges {
  const [old, young] = [flatten(before), flatten(after)];
  const keys = new Set([...old.keys(), ...young.keys()]);
  const changes = [...keys].filter((key) => old.get(key) !== young.get(key));
  return { changes, needRestart: changes.filter((key) => FIXED.includes(key)) };
}

/** Two levels deep is what an operator can read. What is described without its value is added. */
function flatten(settings: Settings): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [section, value] of Object.entries(describeSettings(settings))) {
    const deep = ['accounts', 'clients', 'queue'].includes(section);
    if (deep && typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        flat.set(`${section}.${name}`, JSON.stringify(inner));
      }
    } else {
      flat.set(section, JSON.stringify(value));
    }
  }
  const add = (key: string, hidden: unknown): void => {
    flat.set(key, `${flat.get(key)} ${JSON.stringify(hidden)}`);
  };
  for (const { name, credentialVersion, next, tls } of settings.accounts.values()) {
    const { ca, certificate, key } = tls;
    const versions = [credentialVersion, next?.credentialVersion];
    add(`accounts.${name}`, [versions, ca, certificate, key?.reveal()]);
  }
  for (const { name, password } of settings.clients.values()) {
    add(`clients.${name}`, password?.is === 'plain' ? password.value.reveal() : password);
  }
  add('observe', settings.observe.token?.reveal());
  return flat;
}
