import { z } from 'zod';
import { duration, oneOf, rate, size, sizeOrZero, whole } from './kinds.ts';

const timeoutsSchema = z
  .strictObject({
    authenticate: duration().prefault('30s').meta({
      description: 'From the connection to the end of a successful login.',
    }),
    command: duration().prefault('5m').meta({ description: 'Wait for the next command.' }),
    data: duration().prefault('3m').meta({
      description: 'Wait for more of a message. It must also keep up 500 bytes per second.',
    }),
  })
  .prefault({})
  .meta({ description: 'How long a session may keep the relay waiting before it ends with 421.' });

/** `limits:`, what apps may ask of the relay. */
export const limitsSchema = z
  .strictObject({
    message_size: size().prefault('25MiB').meta({
      description: 'Largest message. Announced as SIZE; beyond it 552 5.3.4.',
    }),
    recipients: whole(1, 100_000).prefault(500).meta({
      description:
        'Most recipients of one message; beyond it 452 4.5.3 and the client sends the rest again.',
    }),
    connections: whole(1, 65_000).prefault(1000).meta({
      description: 'Most sessions open at once, over all listeners.',
    }),
    connections_reserved: whole(0, 65_000)
      .optional()
      .meta({
        description:
          'How many of them are kept for clients that have logged in. Default: a tenth of connections, ' +
          'at most 100.',
        examples: [100],
      }),
    connections_per_client: whole(1, 65_000).prefault(200).meta({
      description:
        'Most sessions of one client, counted by its name: on loopback everybody has the same address.',
    }),
    connections_per_address: whole(0, 65_000).prefault(0).meta({
      description: 'Most sessions from one address, for listeners off loopback. 0: no limit.',
    }),
    auth_failures: rate()
      .prefault('10/m')
      .meta({
        description:
          'Wrong passwords per client name and address. Beyond it answers come ever later, then 421. ' +
          'Five in one session end it.',
      }),
    timeouts: timeoutsSchema,
    memory: sizeOrZero().prefault('128MiB').meta({
      description:
        'Message bodies held in memory at once; beyond it bodies go to files straight away.',
    }),
    disk_free: sizeOrZero().prefault('200MiB').meta({
      description:
        'Free space of the queue directory below which nothing is accepted (452 4.3.1) and nothing is lost.',
    }),
    bare_newlines: oneOf(['normalize', 'reject'])
      .prefault('normalize')
      .meta({
        description:
          'CR or LF alone inside a message: normalize turns them into CRLF, reject answers 550 5.6.11. ' +
          'Some apps do send them. NUL is always refused.',
      }),
    hops: whole(1, 1000).prefault(50).meta({
      description: 'Most Received fields, a sign of a loop; beyond it 554 5.4.6.',
    }),
  })
  .prefault({})
  .meta({ description: 'What one app, or all together, may ask of the relay.' });
