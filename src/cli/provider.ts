import type { Command } from 'commander';
import type { Preset } from '../config/presets.ts';
import { printable } from '../lib/printable.ts';
import { formatRate } from '../lib/rate.ts';
import { EX_DATAERR, EX_OK } from '../lib/sysexits.ts';
import { formatQuotaRate } from '../relay/quota-rate.ts';
import { annotate, type Context, noun, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { ruleText } from './rule-text.ts';
import { facts, table } from './table.ts';

/** `relayctl provider ...` */
export function addProvider(program: Command, context: Context): void {
  const provider = noun(program, 'provider', 'see what relayd knows of mail providers');
  addList(provider, context);
  addShow(provider, context);
}

function addList(provider: Command, context: Context): void {
  const list = provider.command('list').description('list the presets that an account can name');
  annotate(list, {
    examples: [['provider list', 'What `accounts.NAME.provider` may be. Needs no daemon.']],
    json: '{providers: {name, title, host | null, port, tls, replyRules: number}[]}',
  });
  onAction(list, context, async ({ io, print }) => {
    const { presetNames, readPreset, replyRulesOf } = await import('../config/presets.ts');
    const providers = presetNames().flatMap((name) => {
      const preset = readPreset(name);
      if (preset === null) return [];
      const { title, host = null, port, tls } = preset;
      return [{ name, title, host, port, tls, replyRules: replyRulesOf(name).length }];
    });
    print({ providers }, () => {
      const rows = providers.map(({ name, title, host, port, tls, replyRules }) => [
        name,
        title,
        `${host ?? '(yours)'}:${port}`,
        tls,
        String(replyRules),
      ]);
      return table(columns, rows, io.columns);
    });
    return EX_OK;
  });
}

const columns = [
  { title: 'NAME' },
  { title: 'PROVIDER', shrinkTo: 12 },
  { title: 'SERVER', shrinkTo: 16 },
  { title: 'TLS' },
  { title: 'REPLY RULES', align: 'right' },
] as const;

function addShow(provider: Command, context: Context): void {
  const show = provider
    .command('show')
    .description('show one preset: server, login, limits, what its replies mean')
    .argument('<name>', 'a name of `provider list`');
  annotate(show, {
    examples: [['provider show ses', 'With the order in which its replies are read.']],
    json: '{name, title, documentation, host, port, tls, limits, id, replyRules: {action, reason, samples[], ...}[], ...}',
  });
  onAction(show, context, async ({ args, print }) => {
    const name = String(args[0]);
    const { preset, rulesOf, rules } = await knownProvider(name);
    const { reply_rules: _, ...rest } = preset;
    const replyRules = rules.map((rule) => ({ ...rule, text: rule.text?.source }));
    print({ name, ...rest, replyRulesOf: rulesOf, replyRules }, () =>
      renderProvider(name, preset, { rulesOf, rules }),
    );
    return EX_OK;
  });
}

type Rules = Exclude<Preset['reply_rules'], string>;

interface Known {
  readonly preset: Preset;
  /** The preset that its rules are taken from. */
  readonly rulesOf: string;
  readonly rules: Rules;
}

async function knownProvider(name: string): Promise<Known> {
  const { readPreset } = await import('../config/presets.ts');
  const preset = readPreset(name);
  if (preset === null) throw await unknownProvider(name);
  const { reply_rules: own } = preset;
  if (typeof own !== 'string') return { preset, rulesOf: name, rules: own };
  return { preset, rulesOf: own, rules: (await knownProvider(own)).rules };
}

export async function unknownProvider(name: string): Promise<Failure> {
  const { presetNames } = await import('../config/presets.ts');
  const { didYouMean } = await import('../config/wanted.ts');
  const hint = didYouMean(name, presetNames()) || '; see relayctl provider list';
  return new Failure('no-such-provider', EX_DATAERR, `unknown provider ${name}${hint}`);
}

function renderProvider(
  name: string,
  preset: Preset,
  { rulesOf, rules }: Pick<Known, 'rulesOf' | 'rules'>,
): string {
  const regions = [...new Set([...Object.keys(preset.hosts), ...preset.regions])];
  const { limits } = preset;
  const { counts: usual = 'messages' } = limits;
  const rates = (limits.rate ?? []).map(({ counts, ...rate }) =>
    formatQuotaRate({ ...rate, counts: counts ?? usual }),
  );
  const head = facts([
    ['Provider', `${name}: ${preset.title}`],
    ['Server', `${preset.host ?? '(yours)'}, port ${preset.port}, ${preset.tls}`],
    ['Regions', regions.length === 0 ? null : regions.join(', ')],
    ['Login', preset.login === 'optional' ? 'optional' : preset.auth],
    ['Username', preset.username ?? null],
    ['Password', preset.password?.hint ?? null],
    ['Tokens', preset.oauth2?.token_url ?? null],
    ['Login by code', preset.oauth2?.device_url ?? null],
    ['Connections', limits.connections === undefined ? null : `at most ${limits.connections}`],
    ['Rates', rates.length === 0 ? null : rates.join(', ')],
    ['Logins', preset.logins === undefined ? null : `at most ${formatRate(preset.logins)}`],
    ['Recipients', limits.recipients === undefined ? null : `${limits.recipients} a transaction`],
    ['Header fields', preset.headers.length === 0 ? null : preset.headers.join(', ')],
    ['Its id is for', preset.id?.for ?? null],
    ['Documentation', preset.documentation],
  ]);
  const notes = preset.notes.map((note) => `  - ${note}\n`).join('');
  if (rules.length === 0) return `${head}${notes}Its replies are read by the generic rules.\n`;
  const whose = rulesOf === name ? '' : ` (those of ${rulesOf})`;
  const lines = rules.map((rule, index) => {
    const [sample] = rule.samples;
    const reply = sample === undefined ? '' : sample.reply.replaceAll(/\r?\n/g, ' / ');
    return `  ${index + 1}. ${ruleText(rule.action, rule.reason)}: ${printable(reply)}\n`;
  });
  return `${head}${notes}Its replies are read in this order${whose}:\n${lines.join('')}`;
}
