import type { ListenAddress, ListenerSettings, Settings } from '../../relay/settings.ts';
import { formatListenAddress, isLocalListener, overlap } from '../listen-address.ts';
import type { RelayConfig } from '../schema/relay.ts';
import { absolute, type BuildContext, type Path, secretOrNull } from './context.ts';

/** `observe:` and `control:`. */
export async function buildOperate(
  config: RelayConfig,
  listeners: readonly ListenerSettings[],
  context: BuildContext,
): Promise<Pick<Settings, 'observe' | 'control'>> {
  const { report } = context;
  const given = config.observe.listen;
  const listen = given?.is === 'unix' ? { ...given, path: absolute(given.path, context) } : given;
  const token = await secretOrNull(config.observe.token, ['observe', 'token'], context);
  if (listen !== null) checkObserve(listen, config.observe.token !== undefined, context);
  const taken = listeners.find((listener) => listen !== null && overlap(listener.listen, listen));
  if (taken !== undefined) {
    const address = formatListenAddress(taken.listen);
    report.error(['observe', 'listen'], `the same address as the listener on ${address}`);
  }
  const socket = absolute(config.control.socket, context);
  checkSocketPath(socket, ['control', 'socket'], context);
  return { observe: { listen, token, dashboard: config.observe.dashboard }, control: { socket } };
}

function checkObserve(listen: ListenAddress, token: boolean, { report }: BuildContext): void {
  if (listen.is === 'unix') checkSocketPath(listen.path, ['observe', 'listen'], { report });
  if (!isLocalListener(listen) && !token) {
    report.error(
      ['observe', 'listen'],
      'other machines reach this address; set observe.token, or listen on 127.0.0.1',
    );
  }
}

/** sockaddr_un holds 108 bytes, the last of them a zero (unix(7)). */
const socketPathBytesMax = 107;

export function checkSocketPath(
  path: string,
  at: Path,
  { report }: Pick<BuildContext, 'report'>,
): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathBytesMax) return;
  report.error(
    at,
    `${path} has ${bytes} bytes; the path of a socket has at most ${socketPathBytesMax}`,
  );
}
