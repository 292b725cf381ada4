import { z } from 'zod';
import { duration, durationOrZero, filePath, oneOf } from './kinds.ts';

const off = () => z.literal('off').transform(() => null);

/** A duration, or `off`. */
const durationOrOff = () =>
  z.union([off(), duration()], {
    error: 'expected a duration such as 4h, or off',
  });

/** `queue:` */
export const queueSchema = z
  .strictObject({
    directory: filePath().prefault('/var/lib/relayd').meta({
      description: 'Where mail waits. On a local disk, never on a network file system.',
    }),
    retry: z
      .array(duration())
      .min(1, { error: 'is empty; give at least one wait, such as 15m' })
      .prefault(['1m', '5m', '15m', '30m', '1h', '2h', '4h'])
      .meta({
        description: 'Waits between attempts; the last repeats. Each is varied by up to 20 %.',
      }),
    lifetime: duration().prefault('5d').meta({
      description: 'How long delivery is tried before the sender is told that it failed.',
    }),
    delay_warning: durationOrOff().prefault('4h').meta({
      description: 'When the sender is told that a message still waits; off for no warning.',
    }),
    in_doubt: oneOf(['retry', 'hold', 'fail'])
      .prefault('retry')
      .meta({
        description:
          'When a connection died after the final dot nobody knows whether the message was taken. retry: ' +
          'once more 15 minutes later through the same account, with the risk of a duplicate. hold: until ' +
          'someone decides. fail: tell the sender.',
      }),
    history: durationOrZero().prefault('30d').meta({
      description: 'How long finished messages stay visible (envelope and replies, not the text).',
    }),
  })
  .prefault({})
  .meta({ description: 'How mail waits and is tried again.' });
