import { defaultConfigFile } from '../control/paths.ts';
import { packageVersion } from '../lib/version.ts';
import type { Personality } from './command.ts';
import { OPTIONS } from './options.ts';

/** The options of one program, one a line. */
export function helpText(personality: Personality): string {
  const lines = OPTIONS.filter(({ as }) => as === undefined || as.includes(personality)).flatMap(
    ({ usage }) => (usage === null ? [] : [`  ${usage[0]}\n      ${usage[1]}\n`]),
  );
  return (
    `${personality} of relayd - hands mail to relayd, and shows its queue\n\n` +
    `Usage: ${personality} [options] [--] [recipient ...] < message\n\n${lines.join('')}`
  );
}

/** -bV: Exim names its version and its configuration. */
export function versionText(
  config: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const file = config ?? environment.RELAYD_CONFIG ?? defaultConfigFile;
  return (
    `relayd version ${packageVersion()}, answering as Exim\n` + `Configuration file is ${file}\n`
  );
}
