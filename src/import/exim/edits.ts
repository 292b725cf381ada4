import type { Edits, Place } from '../model.ts';
import type { Instance, Option } from './config.ts';
import { expand } from './expand.ts';
import { splitList } from './lists.ts';
import { type Asked, attempt, optionText, scopeOf, type World } from './world.ts';

const plainAddress = /^[^\s<>@"{}$]+@[^\s<>@"{}$]+$/;

/** What router and transport change in messages of this sender. */
export function editsOf(
  instances: readonly Instance[],
  asked: Asked,
  rewritten: string | null,
): Edits {
  const add: Record<string, string> = {};
  const remove: string[] = [];
  let from = rewritten;
  for (const instance of instances) {
    const { options } = instance;
    Object.assign(add, addedFields(options.get('headers_add'), asked));
    remove.push(...removedFields(options.get('headers_remove'), asked));
    from = newSender(instance, asked) ?? from;
  }
  return { from, add, remove: [...new Set(remove)] };
}

function addedFields(option: Option | undefined, asked: Asked): Record<string, string> {
  const fields: Record<string, string> = {};
  const text = optionText(option, asked) ?? '';
  for (const line of text.split(/\n(?!\s)/)) {
    const [, name, value] = /^([!-9;-~]+):\s*(.*)$/s.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined && value !== '') {
      fields[name] = value.replace(/\s*\n\s*/g, ' ').trim();
    }
  }
  return fields;
}

function removedFields(option: Option | undefined, asked: Asked): string[] {
  const names = splitList(optionText(option, asked) ?? '').filter((name) => name !== '');
  const usable = names.filter((name) => /^[!-9;-~]+$/.test(name) && !name.startsWith('^'));
  if (option !== undefined && usable.length < names.length) {
    asked.world.note(
      'left-out',
      option.at,
      `headers_remove of ${asked.what}`,
      'one of its names is a pattern',
    );
  }
  return usable;
}

/** `return_path` and `headers_rewrite` of the transport, as one new sender. */
function newSender({ options }: Instance, asked: Asked): string | null {
  const rules = options.get('headers_rewrite');
  const header = rules === undefined ? null : firstRule(rules, asked);
  const path = options.get('return_path');
  const envelope = optionText(path, asked);
  if (path !== undefined && envelope !== null && !plainAddress.test(envelope)) {
    asked.world.note('left-out', path.at, `return_path of ${asked.what}`, 'it is no plain address');
    return header;
  }
  if (path !== undefined && envelope !== null && header !== envelope) {
    const why =
      header === null
        ? 'From is rewritten to the same address, too'
        : `relayd writes one address into both; it is ${header}`;
    asked.world.note('changed', path.at, `return_path of ${asked.what}`, why);
  }
  if (rules !== undefined && header !== null && envelope === null) {
    asked.world.note(
      'changed',
      rules.at,
      `headers_rewrite of ${asked.what}`,
      'the reverse-path becomes the same address, too',
    );
  }
  return header ?? envelope;
}

function firstRule(rules: Option, asked: Asked): string | null {
  for (const rule of splitList(rules.value)) {
    const result = applyRule(rule, { at: rules.at, asked });
    if (result !== null) return result;
  }
  return null;
}

/** The sender after `begin rewrite`; null when no rule is about it. */
export function rewrittenSender(world: World, sender: string): string | null {
  for (const { text, at } of world.config.rewrite) {
    const asked = { world, mail: { sender, recipient: '' }, what: 'address rewriting' };
    const result = applyRule(text, { at, asked });
    if (result !== null && result !== sender) return result;
  }
  return null;
}

/** `pattern replacement flags`; only rules that touch From are about senders. */
function applyRule(
  rule: string,
  { at, asked }: { readonly at: Place; readonly asked: Asked },
): string | null {
  const [, pattern = '', quoted, bare = '', flags = ''] =
    /^(\S+)\s+(?:"((?:[^"\\]|\\.)*)"|(\S+))\s*(\S*)/.exec(rule) ?? [];
  const aboutFrom = flags === '' || /^[^TbcrtsES]*$/.test(flags) || /[fFh]/.test(flags);
  if (pattern === '' || !aboutFrom) return null;
  const { sender } = asked.mail;
  const scope = scopeOf(asked.world, asked.mail);
  const at1 = sender.lastIndexOf('@');
  // The address at hand is $local_part and $domain here.
  const own = {
    ...scope,
    variable: (name: string) => ofAddress(name, sender, at1) ?? scope.variable(name),
  };
  return attempt({ at }, asked, () => {
    if (!own.inList('address', sender, pattern.replaceAll(':', '::'))) return null;
    const text = quoted === undefined ? bare : quoted.replace(/\\(.)/g, '$1');
    const result = text === '*' ? '' : expand(text, own, [sender, ...starGroups(pattern, sender)]);
    return plainAddress.test(result) ? result : null;
  });
}

function ofAddress(name: string, address: string, at: number): string | null {
  if (name === 'local_part') return address.slice(0, at);
  return name === 'domain' ? address.slice(at + 1) : null;
}

/** What the stars of `*@*.shop.example` stand for, as $1 and on. */
function starGroups(pattern: string, address: string): readonly string[] {
  const [local = '', domain = ''] = address.split('@');
  const [ownLocal = '', ownDomain = ''] = pattern.split('@');
  const groups: string[] = [];
  if (ownLocal.startsWith('*')) groups.push(local.slice(0, local.length - ownLocal.length + 1));
  if (ownDomain.startsWith('*')) groups.push(domain.slice(0, domain.length - ownDomain.length + 1));
  return groups;
}
