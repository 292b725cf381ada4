import { isIP } from 'node:net';
import type { AccountExtra, Note, RouteDraft, Upstream } from './model.ts';

/** The route without what relay.yaml would not take: the other program may have been lenient. */
export function soundRoute(route: RouteDraft, note: Note): RouteDraft {
  if (route.fate.is !== 'send') return route;
  const through = route.fate.through.map((upstream) => soundUpstream(upstream, note));
  return { ...route, fate: { ...route.fate, through } };
}

function soundUpstream(upstream: Upstream, note: Note): Upstream {
  const { login, extra, at, host } = upstream;
  const text = login?.password.is === 'text' ? login.password.text : '';
  // A secret is one line.
  const unsound = /[\r\n\0]/.test(text);
  if (unsound) note('left-out', at, `login at ${host}`, 'its password holds a line break or a NUL');
  return { ...upstream, login: unsound ? null : login, extra: soundExtra(extra, upstream, note) };
}

const CHECKS: Readonly<Record<string, (value: string) => boolean>> = {
  source_address: (value) => isIP(value) !== 0,
  proxy: (value) => /^socks5:\/\/[\w.-]+:\d{1,5}$/.test(value) && URL.canParse(value),
};

function soundExtra(extra: AccountExtra, { at, host }: Upstream, note: Note): AccountExtra {
  const kept = Object.entries(extra).filter(([key, value]) => {
    const sound = CHECKS[key]?.(String(value)) ?? true;
    if (!sound) note('left-out', at, `${key} for ${host}`, `${String(value)} cannot be used`);
    return sound;
  });
  return Object.fromEntries(kept) as AccountExtra;
}
