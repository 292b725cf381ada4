import { parseSize } from '../lib/size.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { Desk } from './desk.ts';

type Shown = Readonly<Record<string, unknown>>;

/** Exim's main options that relayd has under another name. */
const OPTIONS: Readonly<Record<string, (settings: Shown) => string>> = {
  local_interfaces: (settings) =>
    part(settings, 'listeners')
      .map(({ listen }) => String(listen))
      .join(' : '),
  message_size_limit: (settings) => String(parseSize(String(limits(settings).message_size)) ?? ''),
  primary_hostname: (settings) => String(settings.hostname),
  qualify_domain: (settings) => String(settings.hostname),
  recipients_max: (settings) => String(limits(settings).recipients),
  smtp_accept_max: (settings) => String(limits(settings).connections),
  spool_directory: (settings) => String((settings.queue as Shown).directory),
};

function part(settings: Shown, key: string): readonly Shown[] {
  return settings[key] as readonly Shown[];
}

function limits(settings: Shown): Shown {
  return settings.limits as Shown;
}

/** -bP: the options named, or all there are. */
export async function optionLines(names: readonly string[], desk: Desk): Promise<number> {
  const { settings } = await desk.ask('config.show', {});
  const known = Object.keys(OPTIONS);
  let exitCode: number = EX_OK;
  for (const name of names.length === 0 ? known : names) {
    const value = Object.hasOwn(OPTIONS, name) ? OPTIONS[name]?.(settings) : undefined;
    if (value === undefined) {
      desk.err(
        `${name} is not a known option; relayd has ${known.join(', ')}, and relayctl config show\n`,
      );
      exitCode = 1;
    } else {
      desk.out(`${name} = ${value}\n`);
    }
  }
  return exitCode;
}
