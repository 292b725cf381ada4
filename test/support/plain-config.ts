/** One client that needs no password, one account without TLS at a port of this machine. */
export function plainConfig(
  port: number,
  account: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    listeners: [{ listen: '127.0.0.1:0', auth: 'optional' }],
    clients: { load: { networks: ['127.0.0.1/32'], senders: ['*'] } },
    accounts: {
      main: { host: '127.0.0.1', port, auth: 'none', tls: { mode: 'none' }, ...account },
    },
    routes: [{ sender: '*', accounts: ['main'] }],
    log: { level: 'info' },
  };
}
