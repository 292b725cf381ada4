import { z } from 'zod';
import { SUPPRESSION_REASONS, suppressionAddress } from '../relay/suppression.ts';
import { type FeedbackRequests, suppressionPageMax } from './feedback-wire.ts';

type Asks = {
  readonly [Name in keyof FeedbackRequests]: z.ZodType<FeedbackRequests[Name]['ask']>;
};

const Account = z.string().min(1).max(200).nullable();
/** In the form that the list compares. */
const Address = z
  .string()
  .max(400)
  .regex(/^[^\s<>\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+$/, 'is no mail address')
  .transform((text) => suppressionAddress(text) ?? text);
/** It is shown to clients, in logs and in notifications: one line. */
const Detail = z
  .string()
  .max(500)
  .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, 'must not hold control characters');

/** What suppression and feedback requests have to look like. */
export const FEEDBACK_ASKS: Asks = {
  'suppression.list': z.strictObject({
    address: Address.nullable(),
    after: z.strictObject({ address: z.string().max(400), account: Account }).nullable(),
    limit: z.int().min(1).max(suppressionPageMax),
  }),
  'suppression.add': z.strictObject({
    account: Account,
    forMs: z
      .int()
      .min(1)
      .max(2 ** 41)
      .nullable(),
    entries: z
      .array(
        z.strictObject({ address: Address, reason: z.enum(SUPPRESSION_REASONS), detail: Detail }),
      )
      .min(1)
      .max(suppressionPageMax),
  }),
  'suppression.remove': z.strictObject({ address: Address, account: Account }),
  'feedback.unknown': z.strictObject({ limit: z.int().min(1).max(suppressionPageMax) }),
};
