import type { Route } from '../../relay/route.ts';
import type { BuildContext } from './context.ts';

/** Warns of each route that an earlier one leaves nothing for. */
export function warnOfShadowedRoutes(routes: readonly Route[], { report }: BuildContext): void {
  for (const [position, route] of routes.entries()) {
    const earlier = routes.slice(0, position).find((candidate) => covers(candidate, route));
    if (earlier === undefined) continue;
    report.warn(
      ['routes', route.index - 1],
      `is never reached: routes[${earlier.index - 1}] on line ${earlier.line} takes its mail`,
      'key',
    );
  }
}

/** Whether everything the later route matches is matched by the earlier one. */
function covers(earlier: Route, later: Route): boolean {
  return (
    coversPattern(earlier.sender, later.sender) &&
    coversPattern(earlier.recipient, later.recipient) &&
    (earlier.client === null || earlier.client === later.client) &&
    coversHeader(earlier.header, later.header)
  );
}

function coversPattern(earlier: string | null, later: string | null): boolean {
  if (earlier === null || earlier === '*') return true;
  if (later === null || later === '*') return false;
  const [outer, inner] = [earlier.toLowerCase(), later.toLowerCase()];
  if (outer === inner) return true;
  const domain = inner.slice(inner.lastIndexOf('@'));
  return (outer.startsWith('@') && outer === domain) || outer === `*${domain}`;
}

function coversHeader(earlier: Route['header'], later: Route['header']): boolean {
  const lower = (header: Route['header']) =>
    new Map(Object.entries(header ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  const there = lower(later);
  return [...lower(earlier)].every(([name, value]) => there.get(name) === value);
}
