import { isIP } from 'node:net';
import { Secret } from '../../lib/secret.ts';
import type { AlertDestination, AlertSettings } from '../../relay/alert.ts';
import type { RelayConfig } from '../schema/relay.ts';
import { type BuildContext, type Path, secretOrNull } from './context.ts';

/** Webhooks, commands, heartbeat and summary of `notifications:`. */
export async function buildAlerts(
  { notifications }: RelayConfig,
  context: BuildContext,
): Promise<AlertSettings> {
  const { digest, stalled_after: stalledAfterMs, heartbeat, summary } = notifications;
  const webhooks = await Promise.all(
    notifications.webhooks.map(
      async ({ url, events, secret }, index): Promise<AlertDestination> => {
        const at = ['notifications', 'webhooks', index];
        warnOfPlainHttp(url, [...at, 'url'], context);
        return {
          is: 'webhook',
          name: `webhook${index + 1}`,
          events,
          url: new Secret(url),
          secret: await secretOrNull(secret, [...at, 'secret'], context),
        };
      },
    ),
  );
  const commands = notifications.commands.map(
    ({ run, events, timeout }, index): AlertDestination => {
      checkProgram(run[0] ?? '', ['notifications', 'commands', index, 'run'], context);
      return { is: 'command', name: `command${index + 1}`, events, run, timeoutMs: timeout };
    },
  );
  if (heartbeat !== undefined) {
    warnOfPlainHttp(heartbeat.url, ['notifications', 'heartbeat', 'url'], context);
  }
  return {
    destinations: [...webhooks, ...commands],
    digestMs: digest,
    stalledAfterMs,
    heartbeat:
      heartbeat === undefined ? null : { url: new Secret(heartbeat.url), everyMs: heartbeat.every },
    summary:
      summary === undefined
        ? null
        : { to: summary.to, from: summary.from ?? null, atMs: summary.at, zone: summary.zone },
  };
}

/** What an alert says is nobody else's business, and its signature hides nothing. */
function warnOfPlainHttp(url: string, path: Path, { report }: BuildContext): void {
  const { protocol, hostname } = new URL(url);
  const here = hostname === 'localhost' || hostname === '[::1]' || isLoopback(hostname);
  if (protocol === 'http:' && !here) {
    report.warn(path, 'everybody on the way can read what is sent with http; use https');
  }
}

const isLoopback = (host: string): boolean => isIP(host) === 4 && host.startsWith('127.');

/** The daemon's directory and PATH are not those of whoever writes the file. */
function checkProgram(program: string, path: Path, { report }: BuildContext): void {
  if (!program.startsWith('/')) report.error(path, 'name the program by its full path');
}
