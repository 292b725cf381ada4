import { z } from 'zod';
import { duration, notation, oneOf, text } from './kinds.ts';
import { listenAddress } from './peers.ts';
import { secret } from './secret.ts';

const topicArn = () =>
  notation({
    what: 'the ARN of an SNS topic',
    examples: ['arn:aws:sns:eu-west-3:123456789012:ses-feedback'],
    pattern: '^arn:aws[a-z-]*:sns:[a-z0-9-]+:\\d{12}:[\\w-]+$',
    read: (given) =>
      /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+(?:\.fifo)?$/.test(given) ? given : null,
  });

/** `feedback:` */
export const feedbackSchema = z
  .strictObject({
    listen: z
      .union([z.literal('off').transform(() => null), listenAddress()], {
        error: 'expected an address such as 127.0.0.1:9588, or off',
      })
      .prefault('off')
      .meta({
        description:
          'Address that a web server with TLS passes the posts of providers on to; off for none.',
        examples: ['127.0.0.1:9588', 'unix:/run/relayd/feedback.sock'],
      }),
    ses: z
      .strictObject({
        topics: z
          .array(topicArn())
          .min(1, { error: 'is empty; give the ARN of a topic' })
          .meta({
            description: 'SNS topics that are believed, and whose subscription is confirmed.',
            examples: [['arn:aws:sns:eu-west-3:123456789012:ses-feedback']],
          }),
      })
      .optional()
      .meta({ description: 'Amazon SES through SNS: POST to /feedback/ses.' }),
    sendgrid: z
      .strictObject({
        public_key: text('the verification key', 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE...').meta({
          description: 'Verification key of the signed event webhook, as SendGrid shows it.',
        }),
      })
      .optional()
      .meta({ description: 'Twilio SendGrid: POST to /feedback/sendgrid.' }),
    mailgun: z
      .strictObject({
        signing_key: secret().meta({
          description: 'HTTP webhook signing key of the Mailgun account.',
          examples: [{ env: 'MAILGUN_SIGNING_KEY' }],
        }),
      })
      .optional()
      .meta({ description: 'Mailgun: POST to /feedback/mailgun.' }),
    postmark: z
      .strictObject({
        username: text('a name', 'postmark').meta({
          description: 'Name that stands in the URL of the webhook, for basic authentication.',
        }),
        password: secret().meta({
          description: 'Password that stands in it.',
          examples: [{ env: 'POSTMARK_WEBHOOK_PASSWORD' }],
        }),
      })
      .optional()
      .meta({ description: 'Postmark: POST to /feedback/postmark.' }),
    brevo: z
      .strictObject({
        token: secret().meta({
          description: 'Bearer token that the webhook was made with.',
          examples: [{ env: 'BREVO_WEBHOOK_TOKEN' }],
        }),
      })
      .optional()
      .meta({ description: 'Brevo: POST to /feedback/brevo.' }),
  })
  .prefault({})
  .meta({ description: 'Bounces and complaints that providers tell of later, over HTTP.' });

const lasting = () =>
  z.union([oneOf(['off', 'forever']), duration()], {
    error: 'expected a duration such as 30d, forever, or off',
  });

/** `suppression:` */
export const suppressionSchema = z
  .strictObject({
    action: oneOf(['refuse', 'drop'])
      .prefault('refuse')
      .meta({
        description:
          'Mail to an address of the suppression list. refuse: 550 5.1.1 at RCPT, and what waits is ' +
          'bounced. drop: taken and discarded.',
      }),
    scope: oneOf(['account', 'global']).prefault('account').meta({
      description:
        'For whom feedback suppresses an address: for the account that the mail left through, or for all.',
    }),
    bounce: lasting()
      .prefault('30d')
      .meta({ description: 'How long a hard bounce suppresses its address; off: not at all.' }),
    complaint: lasting()
      .prefault('forever')
      .meta({ description: 'How long a complaint does; off: not at all.' }),
  })
  .prefault({})
  .meta({ description: 'Addresses that get no mail; see relayctl suppression.' });
