import type { IncomingMessage, ServerResponse } from 'node:http';
import { asControlError } from '../control/answer.ts';
import { ControlError } from '../control/wire.ts';
import type { Site } from '../observe/http.ts';
import type { EventSink } from '../relay/events.ts';
import { confirmMain, probeMain } from './action-pages.ts';
import type { Done } from './actions.ts';
import { VERBS, type Verb } from './buttons.ts';
import { loginPage, type Visitor } from './layout.ts';
import type { Pages } from './pages.ts';
import {
  type Answer,
  htmlAnswer,
  isSameOrigin,
  readForm,
  redirect,
  send,
  textAnswer,
} from './requests.ts';
import { sayFault } from './say-fault.ts';
import { type Session, type Sessions, sameSecret } from './sessions.ts';
import { inTurns } from './turns.ts';
import type { WebFile } from './web-files.ts';

export interface SiteParts {
  readonly pages: Pages;
  /** Null: without observe.token everybody may look and nobody may act. */
  readonly sessions: Sessions | null;
  readonly hostname: () => string;
  readonly files: ReadonlyMap<string, WebFile>;
  /** What is not for reading by people: by its path. */
  readonly data: ReadonlyMap<string, (ask: DataAsk) => Promise<Answer | null>>;
  readonly act: (verb: string, form: URLSearchParams) => Promise<Done>;
  readonly emit: EventSink;
}

/** A null answer: it was given already. */
export interface DataAsk {
  readonly response: ServerResponse;
  /** Whether this visitor may still look. */
  readonly allowed: () => boolean;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

/** Looking through a long queue takes a while: somebody who loads such pages again and again waits. */
const searchesMax = 3;

/** Who may see what, and which page answers. */
export function openSite(parts: SiteParts): Site['answer'] {
  const turn = inTurns(searchesMax);
  const answerTo = async (asked: Asked): Promise<Answer | null> => {
    const { request, url } = asked;
    const file = parts.files.get(url.pathname);
    if (file !== undefined) return fileAnswer(request, file);
    if (request.method === 'POST') return posted(parts, asked);
    if (request.method === 'GET' || request.method === 'HEAD') return shown(parts, asked, turn);
    return { ...textAnswer(405, 'only GET, HEAD and POST'), headers: { Allow: 'GET, HEAD, POST' } };
  };
  return async (request, response) => {
    try {
      const url = URL.parse(`http://relayd${request.url ?? '/'}`);
      const answer =
        url === null ? textAnswer(400, 'no address') : await answerTo({ request, response, url });
      if (answer !== null) send(request, response, answer);
    } catch (error) {
      // Whatever it is: the mail goes on, and only this page does not.
      refuse(parts, { request, response }, asControlError(error));
    }
  };
}

function refuse(
  { pages, sessions, emit }: SiteParts,
  { request, response }: Pick<Asked, 'request' | 'response'>,
  error: ControlError,
): void {
  // Whoever hung up in the middle of a form is no fault of ours.
  if (response.destroyed) return;
  sayFault(emit, error);
  if (response.headersSent) response.destroy();
  else send(request, response, pages.fault(visitorOf(sessions?.of(request.headers.cookie)), error));
}

function fileAnswer({ headers }: IncomingMessage, { type, body, etag }: WebFile): Answer {
  const known = { ETag: etag, 'Cache-Control': 'no-cache' };
  if (headers['if-none-match'] === etag) return { status: 304, type, body: '', headers: known };
  return { status: 200, type, body, headers: known };
}

function visitorOf(session: Session | null | undefined): Visitor {
  const notice = session?.notice ?? null;
  if (session) session.notice = null;
  return { csrf: session?.csrf ?? null, notice };
}

async function shown(
  parts: SiteParts,
  { request, response, url }: Asked,
  turn: ReturnType<typeof inTurns>,
): Promise<Answer | null> {
  const { pages, sessions } = parts;
  const { pathname: path, searchParams: query } = url;
  const { cookie } = request.headers;
  const session = sessions?.of(cookie) ?? null;
  const allowed = (): boolean => sessions === null || sessions.of(cookie) !== null;
  const data = parts.data.get(path);
  if (data !== undefined) {
    return allowed() ? data({ response, allowed }) : textAnswer(401, 'log in first');
  }
  if (path === '/login') {
    if (allowed()) return redirect('/');
    return htmlAnswer(200, loginPage(parts.hostname(), null));
  }
  if (!allowed()) return redirect('/login');
  if (path === '/') return pages.overview(visitorOf(session));
  if (path === '/queue' || path === '/search') {
    const name = path === '/queue' ? 'queue' : 'search';
    // Whoever has gone meanwhile wants nothing any more.
    return turn(async () => (response.destroyed ? null : pages[name](visitorOf(session), query)));
  }
  const id = /^\/message\/([^/]{1,64})$/.exec(path)?.[1];
  if (id !== undefined) return pages.message(visitorOf(session), id);
  throw new ControlError('not-found', `there is no page ${path}`);
}

/** Every check before the first look at what is asked. */
async function posted(parts: SiteParts, { request, url }: Asked): Promise<Answer> {
  const { sessions } = parts;
  if (sessions === null) return textAnswer(403, 'read-only: observe.token is not set');
  if (!isSameOrigin(request.headers)) return textAnswer(403, 'the form is not of this dashboard');
  const form = await readForm(request);
  if (typeof form === 'number') return textAnswer(form, 'no form that can be read');
  if (url.pathname === '/login') return login(parts, sessions, { request, form });
  const { cookie } = request.headers;
  const session = sessions.of(cookie);
  if (session === null) return redirect('/login');
  if (!sameSecret(form.get('csrf') ?? '', session.csrf)) {
    return textAnswer(403, 'the form is too old: go back, load the page again and repeat');
  }
  if (url.pathname === '/logout') {
    sessions.end(cookie);
    return redirect('/login', { 'Set-Cookie': sessions.noCookie });
  }
  return acted(parts, session, { path: url.pathname, form });
}

function login(
  { hostname, emit }: SiteParts,
  sessions: Sessions,
  { request, form }: { readonly request: IncomingMessage; readonly form: URLSearchParams },
): Answer {
  const opened = sessions.login(form.get('token') ?? '');
  if (opened !== null && opened !== 'limited') {
    return redirect('/', { 'Set-Cookie': opened.cookie });
  }
  const remote = request.socket.remoteAddress ?? 'unix';
  emit({ is: 'login.failed', client: 'dashboard', remote, mechanism: 'token', known: false });
  if (opened === 'limited') {
    const text = 'Too many wrong tokens: none is looked at for ten minutes.';
    return htmlAnswer(429, loginPage(hostname(), text));
  }
  return htmlAnswer(403, loginPage(hostname(), 'That is not the token.'));
}

async function acted(
  { pages, act }: SiteParts,
  session: Session,
  { path, form }: { readonly path: string; readonly form: URLSearchParams },
): Promise<Answer> {
  const verb = path.replace(/^\/act\//, '');
  const done = await act(verb, form);
  switch (done.is) {
    case 'done':
      session.notice = done.notice;
      return redirect(done.to);
    case 'tested': {
      const title = `Test of ${done.report.account}`;
      return pages.framed(visitorOf(session), {
        name: 'test',
        title,
        main: probeMain(done.report),
      });
    }
    case 'unsure': {
      const main = confirmMain(verb as Verb, { message: done.message, csrf: session.csrf });
      return pages.framed(visitorOf(session), {
        name: 'confirm',
        title: VERBS[verb as Verb],
        main,
      });
    }
  }
}
