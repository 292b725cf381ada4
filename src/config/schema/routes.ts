import { z } from 'zod';
import {
  address,
  addressPattern,
  duration,
  durationOrZero,
  fieldName,
  fieldText,
  oneOf,
  text,
} from './kinds.ts';

const rewriteSchema = z
  .strictObject({
    from: address().meta({
      description:
        'The address put into From, Sender and the reverse-path; the display name stays. ' +
        'It must be among the identities of every account of the route.',
      examples: ['noreply@shop.example'],
    }),
    when: oneOf(['never', 'always', 'unauthorized']).prefault('unauthorized').meta({
      description:
        'unauthorized: only when the identities of the account do not cover the reverse-path and the From field.',
    }),
    reply_to: oneOf(['keep']).prefault('keep').meta({
      description:
        'A Reply-To of the message stays as it is; without one the original From becomes it.',
    }),
  })
  .optional()
  .meta({ description: 'Replaces the sender address in what is sent.' });

const fieldsSchema = z
  .strictObject({
    add: z
      .record(fieldName(), fieldText())
      .prefault({})
      .meta({
        description: 'Fields to add; name one in remove as well to replace what the app wrote.',
        examples: [{ 'X-Relay': 'relayd' }],
      }),
    remove: z
      .array(fieldName())
      .prefault([])
      .meta({
        description: 'Fields to remove; a star at the end stands for any ending.',
        examples: [['X-Internal-*']],
      }),
  })
  .optional()
  .meta({ description: 'Changes to the header of what is sent; the stored message stays.' });

const only = (what: string) =>
  z.literal(true, { error: `expected true; remove the line where mail is not to be ${what}` });

/** `routes:`, which account a message leaves through. */
export const routeSchema = z
  .strictObject({
    sender: addressPattern().optional().meta({
      description:
        'Pattern for the reverse-path; for the null reverse-path the From field counts. Default: everybody.',
    }),
    client: text('the name of a client', 'shop').optional().meta({
      description: 'Further condition: submitted by this client.',
    }),
    recipient: addressPattern()
      .optional()
      .meta({
        description: 'Further condition: pattern for the recipient.',
        examples: ['@partner.example'],
      }),
    header: z
      .record(fieldName(), fieldText())
      .optional()
      .meta({
        description: 'Further condition: header fields with exactly these values.',
        examples: [{ 'X-Stream': 'newsletter' }],
      }),
    accounts: z
      .array(text('the name of an account', 'gmail'))
      .min(1, { error: 'is empty; name an account, or use discard, hold or reject' })
      .optional()
      .meta({
        description:
          'Accounts to send through, in order: the next is used when one is held, paused or failing.',
        examples: [['gmail', 'sendgrid']],
      }),
    discard: only('discarded')
      .optional()
      .meta({
        description: 'Accept the message and drop it; it stays visible in the history.',
        examples: [true],
      }),
    hold: only('held')
      .optional()
      .meta({
        description:
          'Accept the message and keep it. When the routes have changed and it is released ' +
          '(`relayctl queue release`), it goes by the route that takes it then.',
        examples: [true],
      }),
    reject: text('the reason', 'no upstream account for this sender').optional().meta({
      description: 'Refuse the message with 550 5.7.1 and this text.',
    }),
    lifetime: duration()
      .optional()
      .meta({
        description: 'Replaces queue.lifetime, for one-time codes and the like.',
        examples: ['30m'],
      }),
    rewrite: rewriteSchema,
    bcc: z
      .array(address())
      .optional()
      .meta({
        description:
          'Addresses that get a copy of every message, unseen by its recipients. ' +
          'The sender hears nothing when only a copy fails.',
        examples: [['archive@shop.example']],
      }),
    headers: fieldsSchema,
  })
  .meta({ description: 'One rule; the first that matches decides.' });

export const routesSchema = z
  .array(routeSchema)
  .prefault([])
  .meta({
    description:
      'Which account a message leaves through. Tried from top to bottom, the first match wins; ' +
      'without a match the message is refused with 550 5.7.1 at MAIL.',
  });

export const failoverSchema = z
  .strictObject({
    after: durationOrZero()
      .prefault('10m')
      .meta({
        description:
          'How long an account is paused, held or failing before the next one of the route takes over. ' +
          'Never after a permanent refusal, while an outcome is unknown, or to an account that may not ' +
          'send as the sender.',
      }),
  })
  .prefault({})
  .meta({ description: 'When the second account of a route takes over.' });
