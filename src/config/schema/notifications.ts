import { z } from 'zod';
import { isTimeZone } from '../../lib/calendar.ts';
import { ALERT_NAMES } from '../../relay/alert-classes.ts';
import { didYouMean } from '../wanted.ts';
import { asciiAddress, duration, mailbox, notation, oneOf, text, url } from './kinds.ts';
import { secret } from './secret.ts';

/** A name that nothing has would look like peace. */
const eventName = () =>
  z.string().superRefine((name, context) => {
    if (ALERT_NAMES.includes(name)) return;
    const why = name.startsWith('alert.')
      ? 'no alert tells of alerts; the log and the metrics do'
      : `no event or class has this name${didYouMean(name, ALERT_NAMES)}`;
    context.addIssue({ code: 'custom', message: why, input: name });
  });

const events = () =>
  z
    .array(eventName())
    .min(1, { error: 'is empty; name an event such as account.held' })
    .prefault(['trouble'])
    .meta({
      description:
        'Which events are told: names of the log, trouble (all that needs a person), message.failed, ' +
        'message.held or message.deferred.',
      examples: [['trouble', 'message.failed']],
    });

const dsnSchema = z
  .strictObject({
    mode: oneOf(['account', 'off']).prefault('account').meta({
      description:
        "account: delivery reports go out through the sender's own route. off: none are sent.",
    }),
    from: mailbox().optional().meta({
      description:
        'From of the reports. Most providers take only an address of the account. Default: the sender.',
    }),
  })
  .prefault({})
  .meta({ description: 'Delivery status notifications to the senders (RFC 3464).' });

const webhookSchema = z.strictObject({
  url: url(['https', 'http']).meta({ description: 'Where events are posted as JSON.' }),
  events: events(),
  secret: secret()
    .optional()
    .meta({
      description: 'Signs each request (X-Relayd-Signature, HMAC-SHA256).',
      examples: [{ env: 'WEBHOOK_SECRET' }],
    }),
});

const commandSchema = z.strictObject({
  run: z
    .array(text('a program', '/usr/local/bin/page-me').regex(/^[^\0]*$/, { error: 'holds a NUL' }))
    .min(1, { error: 'is empty; name a program' })
    .meta({
      description: 'Program and arguments; it reads the alert as JSON. No shell is involved.',
      examples: [['/usr/local/bin/page-me']],
    }),
  events: events(),
  timeout: duration().prefault('10s').meta({
    description: 'How long it may run; then it and what it has started are ended.',
  }),
});

/** Milliseconds since midnight. */
const timeOfDay = () =>
  notation({
    what: 'a time of day',
    examples: ['07:00'],
    pattern: '^([01]\\d|2[0-3]):[0-5]\\d$',
    read: (written) => {
      const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(written) ?? [];
      if (hours === undefined) return null;
      return (Number(hours) * 60 + Number(minutes)) * 60_000;
    },
  });

const summarySchema = z
  .strictObject({
    to: asciiAddress().meta({ description: 'Who gets it.' }),
    from: asciiAddress()
      .optional()
      .meta({
        description: 'Its sender; a route has to take it. Default: the address it goes to.',
        examples: ['relay@shop.example'],
      }),
    at: timeOfDay().prefault('07:00').meta({ description: 'When, as clocks in zone show it.' }),
    zone: notation({
      what: 'a time zone',
      examples: ['UTC', 'Europe/Paris'],
      read: (name) => (isTimeZone(name) ? name : null),
    })
      .prefault('UTC')
      .meta({ description: 'Time zone of at.' }),
  })
  .optional()
  .meta({ description: 'A mail a day that says how the relay is doing. Default: none.' });

/** `notifications:` */
export const notificationsSchema = z
  .strictObject({
    dsn: dsnSchema,
    digest: duration().prefault('5m').meta({
      description:
        'At most one alert to one webhook or command in this time; the first goes at once.',
    }),
    stalled_after: duration().prefault('15m').meta({
      description:
        'How long nothing may be delivered while mail is due: then relay.stalled is told.',
    }),
    webhooks: z
      .array(webhookSchema)
      .prefault([])
      .meta({ description: 'HTTP endpoints told of events.' }),
    commands: z.array(commandSchema).prefault([]).meta({ description: 'Programs run on events.' }),
    heartbeat: z
      .strictObject({
        url: url(['https', 'http']).meta({ description: 'Fetched as a sign of life.' }),
        every: duration().prefault('5m').meta({ description: 'How often.' }),
      })
      .optional()
      .meta({
        description: "A sign of life for a dead man's switch: only while mail flows or none waits.",
      }),
    summary: summarySchema,
  })
  .prefault({})
  .meta({ description: 'Who is told of what.' });
