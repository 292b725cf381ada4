import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LockedPackage } from './locked.ts';

const LICENCE = /^(?:licen[cs]e|copying|notice)/i;

/** The licence of every part, one after the other. Throws when a part brings neither a text nor a name of one. */
export function licenceTexts(home: string, packages: readonly LockedPackage[]): string {
  return packages
    .map(({ path, name, version, licence }) => {
      const folder = join(home, path);
      const texts = existsSync(folder)
        ? readdirSync(folder)
            .filter((file) => LICENCE.test(file))
            .toSorted()
            .map((file) => readFileSync(join(folder, file), 'utf8').trim())
        : [readFileSync(join(home, 'LICENSE.node'), 'utf8').trim()];
      if (texts.length === 0 && licence === '') throw new Error(`${name} comes without a licence`);
      const text =
        texts.length > 0
          ? texts.join('\n\n')
          : `Its package names the licence ${licence} and brings no text.`;
      const title = `${name} ${version}${licence === '' ? '' : ` (${licence})`}`;
      return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text}\n`;
    })
    .join('\n');
}
