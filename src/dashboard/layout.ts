import { actForm } from './buttons.ts';
import { foreign, type Html, html } from './html.ts';

/** What a page knows of who asked for it. */
export interface Visitor {
  /** Null: this dashboard only shows; there is no login and nothing to do. */
  readonly csrf: string | null;
  /** Said once: what became of the last action. */
  readonly notice: string | null;
}

export interface Frame {
  readonly hostname: string;
  readonly visitor: Visitor;
  /** The line at the foot; null before the login. */
  readonly about: Html | null;
}

export type PageName = 'overview' | 'queue' | 'message' | 'search' | 'test' | 'confirm' | 'fault';

const NAVIGATION: readonly (readonly [PageName, string, string])[] = [
  ['overview', '/', 'Overview'],
  ['queue', '/queue', 'Queue'],
  ['search', '/search', 'History'],
];

/** A whole document. */
export function page(
  name: PageName,
  title: string,
  { frame, main }: { readonly frame: Frame; readonly main: Html },
): Html {
  const { hostname, visitor, about } = frame;
  const { csrf, notice } = visitor;
  const links = NAVIGATION.map(
    ([to, href, text]) =>
      html`<a href="${href}"${to === name ? html` aria-current="page"` : null}>${text}</a>`,
  );
  return html`<!doctype html>
<html lang="en">
${head(`${title} – relayd ${hostname}`)}
<body data-page="${name}">
<a class="skip" href="#main">Skip to content</a>
<header class="top"><a class="brand" href="/">relayd <span class="host">${hostname}</span></a>
<nav aria-label="Pages">${links}</nav>
<form class="find" role="search" action="/search" method="get">
<input type="search" name="q" id="find" aria-label="Search the history" placeholder="Id, address or Message-ID">
</form>${csrf === null ? null : logout(csrf)}</header>
<main id="main">
${csrf === null ? null : html`<form id="${actForm}" method="post">${csrfField(csrf)}</form>`}
${notice === null ? null : html`<p class="notice" role="status">${foreign(notice)}</p>`}
${main}
</main>
<footer class="foot">${about}${csrf === null ? readOnly : null}</footer>
</body>
</html>
`;
}

const readOnly = html` <span>Read-only: set <code>observe.token</code> in relay.yaml to act from here.</span>`;

export function csrfField(csrf: string): Html {
  return html`<input type="hidden" name="csrf" value="${csrf}">`;
}

function logout(csrf: string): Html {
  return html`
<form class="logout" method="post" action="/logout">${csrfField(csrf)}<button type="submit">Log out</button></form>`;
}

function head(title: string): Html {
  return html`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/web/uplot.css">
<link rel="stylesheet" href="/web/dashboard.css">
<script type="module" src="/web/dashboard.js"></script>
</head>`;
}

/** Asks for observe.token. */
export function loginPage(hostname: string, fault: string | null): Html {
  return html`<!doctype html>
<html lang="en">
${head(`Log in – relayd ${hostname}`)}
<body data-page="login">
<main id="main"><form class="login" method="post" action="/login">
<h1>relayd <span class="host">${hostname}</span></h1>
${fault === null ? null : html`<p class="error" role="alert">${fault}</p>`}
<label>Token <input type="password" name="token" autocomplete="current-password" required autofocus></label>
<p class="hint">The value of <code>observe.token</code> in relay.yaml.</p>
<button type="submit">Log in</button>
</form></main>
</body>
</html>
`;
}
