import { z } from 'zod';
import { fieldName, filePath, oneOf, truth, url } from './kinds.ts';
import { listenAddress } from './peers.ts';
import { secret } from './secret.ts';

const tracingSchema = z
  .strictObject({
    endpoint: url(['http', 'https']).meta({
      description: 'Where spans are posted: OTLP over HTTP, in JSON. The whole URL, path included.',
      examples: ['http://127.0.0.1:4318/v1/traces'],
    }),
    headers: z
      .record(fieldName(), secret())
      .prefault({})
      .meta({
        description: 'Header fields of each request, by name.',
        examples: [{ Authorization: { env: 'OTLP_AUTHORIZATION' } }],
      }),
    sample: z
      .number({ error: 'expected a number from 0 to 1' })
      .min(0, { error: 'is less than 0' })
      .max(1, { error: 'is more than 1' })
      .prefault(1)
      .meta({
        description:
          'Share of the messages without a traceparent field that get a trace of their own; where ' +
          'there is one, its sampled flag decides.',
      }),
  })
  .optional()
  .meta({
    description:
      'OpenTelemetry: spans for accept, wait and attempt, in the trace that the message names in ' +
      'its traceparent field. Off by default.',
    examples: [{ endpoint: 'http://127.0.0.1:4318/v1/traces' }],
  });

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
    tracing: tracingSchema,
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
