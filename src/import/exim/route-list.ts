import type { Instance } from './config.ts';
import { splitList } from './lists.ts';
import { type Asked, inListOption, optionText } from './world.ts';

/** Where a manualroute router sends. */
interface Target {
  readonly hosts: string;
  readonly transport: string | null;
}

/** `route_data`, or the rule of `route_list` that the domain fits; null: the router declines. */
export function manualHosts({ options }: Instance, asked: Asked): Target | null {
  const data = options.get('route_data');
  if (data !== undefined) return readRule(optionText(data, asked) ?? '', asked);
  const list = options.get('route_list');
  if (list === undefined) return null;
  const text = /^\s*<\W/.test(list.value) ? list.value : `<;${list.value}`;
  for (const rule of splitList(text)) {
    const [, pattern = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(rule) ?? [];
    const domain = asked.mail.recipient.split('@')[1] ?? '';
    const fits = inListOption('domain', domain, { value: pattern, at: list.at }, asked);
    if (fits !== true) continue;
    // An empty host list is the transport's to fill.
    if (rest === '') return { hosts: '', transport: null };
    const value = optionText({ value: rest, at: list.at }, asked, [domain]);
    return value === null ? null : readRule(value, asked);
  }
  return null;
}

const RULE_WORDS = /^(?:byname|bydns|randomize|no_randomize|ipv4_only|ipv4_prefer)$/;

/** `hosts options transport`; a host list with spaces stands in quotes. */
function readRule(text: string, { world }: Asked): Target | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const [all, double, single] = /^(?:"([^"]*)"|'([^']*)')/.exec(trimmed) ?? [];
  const cut = all ?? firstList(trimmed);
  const words = trimmed.slice(cut.length).trim().split(/\s+/);
  const transport = words.find((word) => world.config.transports.has(word)) ?? null;
  return { hosts: double ?? single ?? cut.trim(), transport };
}

/** Items may have spaces around the separator: the list ends before a word that is an option. */
function firstList(text: string): string {
  const words = text.split(/(\s+)/);
  let end = words.findIndex((word) => RULE_WORDS.test(word));
  if (end < 0) end = words.length;
  const glued = /[:;]\s/.test(text) || /\s[:;]/.test(text) || /^<\W/.test(text);
  return glued ? words.slice(0, end).join('') : (words[0] ?? '');
}
