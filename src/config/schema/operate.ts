import { z } from 'zod';
import { filePath, oneOf, truth } from './kinds.ts';
import { listenAddress } from './peers.ts';
import { secret } from './secret.ts';

/** `observe:`, `control:` and `log:`, for those who run the relay. */
export const observeSchema = z
  .strictObject({
    listen: z
      .union([z.literal('off').transform(() => null), listenAddress()], {
        error: 'expected an address such as 127.0.0.1:9587, or off',
      })
      .prefault('127.0.0.1:9587')
      .meta({
        description:
          'Address of /metrics, /healthz, /readyz and the dashboard; off for none. Beyond this machine ' +
          'only with token.',
      }),
    token: secret()
      .optional()
      .meta({
        description:
          'Token that every request must show: programs as bearer token, people once on the dashboard, ' +
          'which can act only with one.',
        examples: [{ file: '/etc/relayd/secrets/observe-token' }],
      }),
    dashboard: truth()
      .prefault(true)
      .meta({ description: 'Whether the dashboard is served at /.' }),
  })
  .prefault({})
  .meta({ description: 'Metrics and health over HTTP.' });

export const controlSchema = z
  .strictObject({
    socket: filePath().prefault('/run/relayd/control.sock').meta({
      description: 'Unix socket that relayctl uses; mode 0660, group relayd.',
    }),
  })
  .prefault({})
  .meta({ description: 'How relayctl reaches the daemon.' });

export const logSchema = z
  .strictObject({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error']).prefault('info').meta({
      description: 'Least important level that is written.',
    }),
    format: oneOf(['json', 'pretty', 'exim']).prefault('json').meta({
      description: 'json (one object a line), pretty (for people) or exim (lines of its main log).',
    }),
    addresses: oneOf(['full', 'hashed', 'domain']).prefault('full').meta({
      description: 'How mail addresses are written: full, hashed, or the domain only.',
    }),
  })
  .prefault({})
  .meta({ description: 'The log, on standard output, or in the file of `relayd --log FILE`.' });
