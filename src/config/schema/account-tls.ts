import { z } from 'zod';
import { date, filePath, hostName, oneOf, text } from './kinds.ts';

const exceptionSchema = z
  .strictObject({
    allow: z
      .array(oneOf(['expired', 'self-signed', 'name-mismatch', 'untrusted']))
      .min(1, { error: 'is empty; name the fault to tolerate, or remove the exception' })
      .meta({
        description:
          'The faults that are tolerated: expired, self-signed, name-mismatch, untrusted.',
        examples: [['expired']],
      }),
    reason: text('the reason', 'renewal asked for on 12 November').meta({
      description: 'Why, for whoever reads it later. Shown in the log.',
    }),
    until: date().meta({
      description:
        'Last day before which it holds (a date begins at 00:00 UTC). From then on the account is ' +
        'refused; warnings come 14, 7 and 1 days before.',
    }),
  })
  .optional()
  .meta({
    description:
      'Tolerates a fault of the certificate for a time. Only together with pin, so that it is still ' +
      'the same key.',
  });

/** `accounts.*.tls:` */
export const accountTlsSchema = z
  .strictObject({
    mode: oneOf(['none', 'opportunistic', 'starttls', 'implicit'])
      .optional()
      .meta({
        description:
          'starttls (required), implicit, opportunistic or none. Default: implicit on ports 465 and ' +
          '2465, else starttls. Passwords never travel without TLS.',
        examples: ['starttls'],
      }),
    verify: oneOf(['full', 'ca', 'pin', 'off'])
      .prefault('full')
      .meta({
        description:
          'full (chain, name and dates), ca (chain and dates), pin (the key alone) or off. With off ' +
          'no password is ever sent.',
      }),
    ca: filePath()
      .optional()
      .meta({
        description: "Certificate authorities as PEM that are trusted instead of the system's.",
        examples: ['/etc/relayd/tls/old-host-ca.pem'],
      }),
    pin: z
      .array(
        z.string().regex(/^sha256\/\/[A-Za-z0-9+/]{43}=$/, {
          error:
            'is no pin: sha256// and the base64 of the SHA-256 of the public key, 44 characters',
        }),
      )
      .min(1, { error: 'is empty; give a pin or remove it' })
      .optional()
      .meta({
        description:
          'Public keys the server may have: sha256// and the base64 of the hash of its ' +
          'SubjectPublicKeyInfo. `relayctl account test` shows the one it meets.',
        examples: [['sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=']],
      }),
    servername: hostName()
      .optional()
      .meta({
        description: 'The name asked for and checked. Default: host.',
        examples: ['mail.old-host.example'],
      }),
    minimum: oneOf(['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']).prefault('TLSv1.2').meta({
      description: 'Oldest version of TLS.',
    }),
    exception: exceptionSchema,
  })
  .prefault({})
  .meta({ description: 'How the connection to the server is protected.' });
