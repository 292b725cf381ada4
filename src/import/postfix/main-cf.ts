import { logicalLines } from '../logical-lines.ts';
import type { Place } from '../model.ts';

export interface Parameter {
  readonly value: string;
  readonly at: Place;
}

/** main.cf, and what a service of master.cf says besides. */
export type Parameters = ReadonlyMap<string, Parameter>;

/** The last of several lines with one name counts, as with Postfix. */
export function readMain(file: { readonly path: string; readonly text: string }): Parameters {
  const parameters = new Map<string, Parameter>();
  for (const { text, line } of logicalLines(file.text)) {
    const [, name, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/s.exec(text) ?? [];
    if (name !== undefined && value !== undefined) {
      parameters.set(name, { value: value.trim(), at: { file: file.path, line } });
    }
  }
  return parameters;
}

/** What Postfix takes where main.cf is silent, as far as it is looked at here. */
const DEFAULTS: Readonly<Record<string, string>> = {
  inet_interfaces: 'all',
  smtp_sasl_auth_enable: 'no',
  smtp_sender_dependent_authentication: 'no',
  config_directory: '/etc/postfix',
  default_database_type: 'hash',
  mynetworks_style: 'host',
};

const depthMax = 20;

/** The value with `$name`, `${name}`, `${name?text}` and `${name:text}` filled in; '' when unset. */
export function parameterText(parameters: Parameters, name: string): string {
  return fill(parameters.get(name)?.value ?? DEFAULTS[name] ?? '', parameters, 0);
}

function fill(text: string, parameters: Parameters, depth: number): string {
  if (depth > depthMax) return text;
  const value = (name: string): string =>
    fill(parameters.get(name)?.value ?? DEFAULTS[name] ?? '', parameters, depth + 1);
  return text.replace(REFERENCE, (all, plain, name, choice, first, second, bare) => {
    if (all === '$$') return '$';
    const found = value(plain ?? name);
    if (choice === undefined) return found;
    // `${name?{yes}:{no}}`; with `:` in place of `?` the only text is for what is unset.
    const [set, unset] =
      choice === '?' ? [first ?? bare ?? '', second ?? ''] : [found, first ?? bare ?? ''];
    return fill(found === '' ? unset : set, parameters, depth + 1);
  });
}

/** `$$`, `$name`, `${name}`, `${name?text}`, `${name?{yes}:{no}}`; round brackets do as well. */
const REFERENCE = new RegExp(
  [
    /\$\$|\$(\w+)|\$[{(](\w+)/,
    /(?:([?:])(?:\{([^{}]*)\}(?::\{([^{}]*)\})?|((?:[^{}()]|\{[^{}]*\})*)))?[})]/,
  ]
    .map(({ source }) => source)
    .join(''),
  'g',
);

export function isYes(parameters: Parameters, name: string): boolean {
  return parameterText(parameters, name) === 'yes';
}
