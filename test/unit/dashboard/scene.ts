import { onTestFinished } from 'vitest';
import { controlHandlers } from '../../../src/daemon/control-handlers.ts';
import { openDrain } from '../../../src/daemon/drain.ts';
import { openFlushWatches } from '../../../src/daemon/flush-watches.ts';
import type { Relay } from '../../../src/daemon/relay.ts';
import { type Dashboard, openDashboard } from '../../../src/dashboard/dashboard.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { openObserve } from '../../../src/observe/http.ts';
import { openThroughput } from '../../../src/observe/throughput.ts';
import type { EventSink, RelayEvent } from '../../../src/relay/events.ts';
import { messageIdSource } from '../../../src/relay/message-id.ts';
import { makeAccount, makeRig, makeSettings, type Rig } from '../delivery/harness.ts';

export const token = 'open-sesame';

export interface Scene {
  readonly rig: Rig;
  readonly url: string;
  readonly sink: EventSink;
  /** What the dashboard said. */
  readonly said: readonly RelayEvent[];
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** As a browser submits a form of this dashboard; `headers` go over what it says. */
  post(
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<Response>;
  text(path: string): Promise<string>;
  /** Field and secret of a new session; every later request is made with it. */
  login(): Promise<{ readonly csrf: string; readonly cookie: string }>;
}

export interface SceneOptions {
  readonly token?: string | null;
  readonly clients?: readonly string[];
  readonly accounts?: readonly string[];
  readonly liveEveryMs?: number;
}

/** The dashboard behind a real server, over a queue in memory whose accounts reach nobody. */
export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const { accounts = ['gmail'], clients = ['app'] } = options;
  const rig = makeRig(makeSettings(accounts.map((name) => makeAccount(name, 9))));
  await rig.delivery.resume();
  const secret = options.token === null ? null : new Secret(options.token ?? token);
  const said: RelayEvent[] = [];
  const dashboard = openFor(rig, { secret, clients, said, liveEveryMs: options.liveEveryMs });
  const observe = await openObserve({
    listen: { is: 'tcp', host: '127.0.0.1', port: 0 },
    token: secret,
    hostname: 'relay.test',
    metrics: { contentType: 'text/plain', render: async () => 'relayd_up 1\n' },
    notReady: async () => [],
    site: dashboard.site,
  });
  onTestFinished(async () => {
    await observe.close();
    await rig.delivery.drain(AbortSignal.abort());
  });
  const url = `http://${observe.listen}`;
  let cookie = '';
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(url + path, { redirect: 'manual', headers: { Cookie: cookie, ...headers } });
  const post: Scene['post'] = (path, fields, headers = {}) =>
    fetch(url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { Cookie: cookie, Origin: url, 'Sec-Fetch-Site': 'same-origin', ...headers },
      body: new URLSearchParams(fields),
    });
  return {
    rig,
    url,
    sink: dashboard.sink,
    said,
    get,
    post,
    text: async (path) => (await get(path)).text(),
    async login() {
      const answer = await post('/login', { token });
      cookie = answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
      const page = await (await get('/')).text();
      return { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '' };
    },
  };
}

function openFor(
  rig: Rig,
  given: {
    readonly secret: Secret | null;
    readonly clients: readonly string[];
    readonly said: RelayEvent[];
    readonly liveEveryMs: number | undefined;
  },
): Dashboard {
  const relay = {
    settings: () => rig.settings,
    store: rig.store,
    delivery: rig.delivery,
    submission: { listeners: () => [] },
    throughput: openThroughput(() => performance.now()),
    flushes: openFlushWatches(),
    drain: openDrain({ submission: { drain() {}, undrain() {} }, emit() {}, clock: rig.now }),
    emit: () => {},
    startedAtMs: rig.now(),
    state: () => 'running',
    refusedReload: () => null,
  } as unknown as Relay;
  return openDashboard({
    handlers: controlHandlers(relay, rig.now, messageIdSource(rig.now, 0)),
    token: given.secret,
    hostname: () => 'relay.test',
    clients: () => new Set(given.clients),
    emit: (event) => void given.said.push(event),
    nowMs: rig.now,
    ...(given.liveEveryMs !== undefined && { liveEveryMs: given.liveEveryMs }),
  });
}

/** Text that does harm wherever it is not escaped. */
export const hostile = `"><script>alert(1)</script>'\x1b[31m\r\n\u202egpj.exe&amp;${'x'.repeat(10_240)}`;
