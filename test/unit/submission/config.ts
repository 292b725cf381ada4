/** The least that takes mail: one client without a password, one with, one account, one route. */
export function plainConfig(
  directory: string,
  more: {
    readonly limits?: object;
    readonly listener?: object;
    readonly listeners?: readonly object[];
    readonly clients?: object;
    readonly routes?: readonly object[];
  } = {},
): Record<string, unknown> {
  return {
    hostname: 'relay.test',
    listeners: more.listeners ?? [{ listen: '127.0.0.1:0', ...more.listener }],
    limits: { disk_free: '1MiB', ...more.limits },
    clients: {
      shop: { password: 'open-sesame', senders: ['*'] },
      other: { password: 'swordfish', senders: ['*'] },
      ...more.clients,
    },
    accounts: {
      main: { host: '127.0.0.1', port: 1, auth: 'none', tls: { mode: 'none' } },
      spare: { host: '127.0.0.1', port: 2, auth: 'none', tls: { mode: 'none' } },
    },
    routes: more.routes ?? [
      { recipient: '@spare.example', accounts: ['spare'] },
      { sender: '*', accounts: ['main'] },
    ],
    queue: { directory: `${directory}/queue` },
    control: { socket: `${directory}/control.sock` },
  };
}
