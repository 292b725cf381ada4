import { z } from 'zod';
import { addressPattern, rate, size } from './kinds.ts';
import { peer } from './peers.ts';
import { secret } from './secret.ts';

/** `clients:`, the local apps. The key is the AUTH username. */
export const clientSchema = z
  .strictObject({
    password: secret()
      .optional()
      .meta({
        description:
          'A hash from `relayctl client password` (scrypt$...), or a reference to a hash or a plain password. ' +
          'CRAM-MD5 is offered only where all are plain, and not with account_login.',
        examples: ['scrypt$...', { env: 'SHOP_PASSWORD' }],
      }),
    networks: z
      .array(peer())
      .min(1, { error: 'is empty; name a network or leave it out' })
      .optional()
      .meta({
        description:
          'Networks that are this client without a password, on listeners with `auth: optional`; ' +
          'unix: whoever may open the socket of a unix: listener.',
        examples: [['127.0.0.1/32', '::1/128']],
      }),
    senders: z
      .array(addressPattern())
      .min(1, { error: 'is empty, so the client could send nothing; "*" allows every address' })
      .meta({
        description:
          'Addresses it may use as reverse-path and in From: an address, @domain, *@sub.* or "*". ' +
          'A +detail in the local part is ignored.',
        examples: [['app@shop.example', '@news.example']],
      }),
    rate: rate()
      .optional()
      .meta({
        description: 'Most messages it may submit; beyond it 450 4.7.1. Default: no limit.',
        examples: ['600/h'],
      }),
    message_size: size()
      .optional()
      .meta({
        description: 'Largest message of this client, below limits.message_size.',
        examples: ['10MiB'],
      }),
  })
  .meta({ description: 'One local app; the key is the name it logs in with.' });

const clientName = z.string().regex(/^(?!relayd$)[^\s"\\\x00-\x1f\x7f]{1,128}$/, {
  error: 'is no name for a client: up to 128 characters without spaces and quotes; relayd is taken',
});

export const clientsSchema = z
  .record(clientName, clientSchema)
  .prefault({})
  .meta({ description: 'The local apps that may submit mail, by the name they log in with.' });
