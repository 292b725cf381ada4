import { freePort } from '../../test/support/daemon.ts';
import { startPostfix } from '../../test/support/postfix.ts';
import type { PeerKind } from './peer.ts';

/** Postfix as a well-kept smarthost: connections reused, no artificial brakes, fsync as ever. */
const tuned = {
  default_process_limit: 110,
  smtp_destination_concurrency_limit: 50,
  initial_destination_concurrency: 20,
  smtp_connection_reuse_count_limit: 0,
  max_use: 2000,
  in_flow_delay: 0,
  smtpd_client_connection_count_limit: 0,
  smtpd_relay_restrictions: 'permit_mynetworks, reject',
};

export const postfix: PeerKind = {
  name: 'Postfix',
  async start(sinkPort) {
    const port = await freePort();
    const relay = `[127.0.0.1]:${sinkPort}`;
    const server = await startPostfix({
      port,
      main: { ...tuned, relayhost: relay, smtp_connection_cache_destinations: relay },
    });
    return { name: 'Postfix', port, pid: server.pid, close: server.close };
  },
};
