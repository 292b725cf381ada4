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

/** Two levels deep is what an operator can read. */
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
  for (const { name, credentialVersion } of settings.accounts.values()) {
    flat.set(`accounts.${name}`, `${flat.get(`accounts.${name}`)} ${credentialVersion}`);
  }
  return flat;
}
