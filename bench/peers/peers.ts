import { startExim } from './exim.ts';
import { startHaraka } from './haraka.ts';
import { startOpensmtpd } from './opensmtpd.ts';
import type { StartPeer } from './peer.ts';
import { startStockPostfix, startTunedPostfix } from './postfix.ts';
import { startRelayd } from './relayd.ts';

interface Entry {
  readonly title: string;
  readonly start: StartPeer;
  /** Of a scenario's messages, so that a slow peer does not take the run's time. */
  readonly share: number;
}

export const PEERS = {
  relayd: { title: 'relayd', start: startRelayd, share: 1 },
  postfix: { title: 'Postfix, tuned', start: startTunedPostfix, share: 0.4 },
  'postfix-stock': { title: 'Postfix, stock', start: startStockPostfix, share: 0.2 },
  exim: { title: 'Exim', start: startExim, share: 0.1 },
  opensmtpd: { title: 'OpenSMTPD', start: startOpensmtpd, share: 0.015 },
  haraka: { title: 'Haraka', start: startHaraka, share: 0.2 },
} satisfies Readonly<Record<string, Entry>>;

export type PeerName = keyof typeof PEERS;
