import { describeSettings } from '../config/describe.ts';
import { hiddenValues } from '../config/hidden.ts';
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
const FIXED = ['queue.directory', 'control', 'observe', 'feedback.listen'];

/** What a reload would change. */
export function changesBetween(before: Settings, after: Settings): SettingsChanges {
  const [old, young] = [flatten(before), flatten(after)];
  const keys = new Set([...old.keys(), ...young.keys()]);
  const changes = [...keys].filter((key) => old.get(key) !== young.get(key));
  return { changes, needRestart: changes.filter((key) => FIXED.includes(key)) };
}

const DEEP = ['accounts', 'clients', 'queue', 'feedback'];

/** Two levels deep is what an operator can read. What is described without its value is added. */
function flatten(settings: Settings): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [section, value] of Object.entries(describeSettings(settings))) {
    if (DEEP.includes(section) && typeof value === 'object' && value !== null) {
      for (const [name, inner] of Object.entries(value)) {
        flat.set(`${section}.${name}`, JSON.stringify(inner));
      }
    } else {
      flat.set(section, JSON.stringify(value));
    }
  }
  for (const { path, value } of hiddenValues(settings)) {
    const key = path.slice(0, DEEP.includes(path[0] ?? '') ? 2 : 1).join('.');
    flat.set(key, `${flat.get(key)} ${JSON.stringify([path, value])}`);
  }
  return flat;
}
