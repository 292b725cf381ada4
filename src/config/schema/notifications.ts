import { z } from 'zod';
import { duration, mailbox, oneOf, text, url } from './kinds.ts';
import { secret } from './secret.ts';

const events = () =>
  z
    .array(text('the name of an event', 'account.held'))
    .min(1, { error: 'is empty; name an event such as account.held' })
    .meta({
      description: 'Which events are told, by the names that the log uses.',
      examples: [['account.held', 'message.failed']],
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
      description: 'Signs each request.',
      examples: [{ env: 'WEBHOOK_SECRET' }],
    }),
});

const commandSchema = z.strictObject({
  run: z
    .array(text('a program', '/usr/local/bin/page-me'))
    .min(1, { error: 'is empty; name a program' })
    .meta({
      description: 'Program and arguments; it reads the event as JSON. No shell is involved.',
      examples: [['/usr/local/bin/page-me']],
    }),
  events: events(),
});

/** `notifications:` */
export const notificationsSchema = z
  .strictObject({
    dsn: dsnSchema,
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
  })
  .prefault({})
  .meta({ description: 'Who is told of what.' });
