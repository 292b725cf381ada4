import { z } from 'zod';
import { duration, durationOrZero, oneOf, quotaRate, size, text, url, whole } from './kinds.ts';
import { secret } from './secret.ts';

const expected = 'expected a rate such as 500/d, or a list of rates such as [20/m, 500/d]';

const rates = z
  .union([quotaRate().transform((one) => [one]), z.array(quotaRate())], {
    error: (issue) => ratesProblem(issue),
  })
  .meta({ examples: [['20/m', '500/d']] });

/** What is wrong with the one that was meant: a rate, or an item of the list. */
function ratesProblem(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const [one, list] = issue.errors;
  const meant = typeof issue.input === 'string' ? one : list;
  return meant?.find(({ code }) => code === 'custom')?.message ?? expected;
}

/** `accounts.*.limits:`; the same keys serve the presets. */
export const accountLimitsSchema = z
  .strictObject({
    rate: rates.optional().meta({
      description:
        'What the provider allows; several windows hold at once and survive a restart. 500/d is any 24 ' +
        'hours, 500/d@UTC a calendar day and 100/h@UTC a clock hour there; a zone may also be ' +
        '+02:00 or Europe/Paris. 10000/d recipients counts those, whatever counts says. Default: the ' +
        "preset's, else none.",
    }),
    counts: oneOf(['messages', 'recipients'])
      .optional()
      .meta({
        description:
          "What rates count that do not say it themselves. Default: the preset's, else messages.",
        examples: ['messages'],
      }),
    connections: whole(1, 1000)
      .optional()
      .meta({
        description: "Most connections at once. Default: the preset's, else 2.",
        examples: [2],
      }),
    messages_per_connection: whole(1, 100_000)
      .optional()
      .meta({
        description: "Messages after which a connection is closed. Default: the preset's, else 50.",
        examples: [50],
      }),
    idle: durationOrZero()
      .optional()
      .meta({
        description: "How long an unused connection stays open. Default: the preset's, else 30s.",
        examples: ['30s'],
      }),
    recipients: whole(1, 100_000)
      .optional()
      .meta({
        description:
          "Recipients of one transaction; messages with more are split. Default: the preset's, else 100.",
        examples: [100],
      }),
    message_size: size()
      .optional()
      .meta({
        description:
          "Largest message it takes. Default: the preset's; what the server announces holds as well.",
        examples: ['25MiB'],
      }),
  })
  .prefault({})
  .meta({ description: 'What the provider allows this account.' });

export const accountTimeoutsSchema = z
  .strictObject({
    connect: duration().prefault('30s').meta({ description: 'TCP and TLS connection.' }),
    greeting: duration().prefault('5m').meta({ description: 'The first line of the server.' }),
    command: duration().prefault('5m').meta({ description: 'The answer to a command.' }),
    data: duration().prefault('3m').meta({ description: 'Progress while the message is sent.' }),
    end_of_data: duration().prefault('10m').meta({
      description: 'The answer to the final dot. A short wait here makes duplicates.',
    }),
  })
  .prefault({})
  .meta({ description: 'How long to wait for the server, by phase (RFC 5321 section 4.5.3.2).' });

export const oauth2Schema = z
  .strictObject({
    token_url: url(['https', 'http'])
      .optional()
      .meta({
        description: "Where tokens are fetched. Default: the preset's.",
        examples: ['https://oauth2.googleapis.com/token'],
      }),
    device_url: url(['https', 'http'])
      .optional()
      .meta({
        description:
          'Where `relayctl account login` asks for a code (RFC 8628), in place of refresh_token. ' +
          "Default: the preset's, where client_secret is absent.",
        examples: ['https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode'],
      }),
    client_id: text('the id of the OAuth client', 'relay.apps.example').optional().meta({
      description: 'Id of the OAuth client. Needed without service_account.',
    }),
    client_secret: secret()
      .optional()
      .meta({
        description: 'Its secret, when it has one.',
        examples: [{ file: '/etc/relayd/secrets/oauth-client' }],
      }),
    refresh_token: secret()
      .optional()
      .meta({
        description:
          'The refresh token. Without it: the one that `relayctl account login` brings, where there ' +
          'is a device_url; else the client credentials grant, for which client_secret is needed.',
        examples: [{ file: '/etc/relayd/secrets/oauth-refresh' }],
      }),
    service_account: secret()
      .optional()
      .meta({
        description:
          'The JSON key of a service account as Google hands it out, in place of client and refresh ' +
          "token. It acts as the account's username.",
        examples: [{ file: '/etc/relayd/secrets/service-account.json' }],
      }),
    scope: text('a scope', 'https://mail.google.com/').optional().meta({
      description: 'Scope to ask for. Needed with service_account.',
    }),
  })
  .optional()
  .meta({ description: 'Access tokens in place of a password, with `auth: xoauth2`.' });
