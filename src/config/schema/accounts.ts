import { z } from 'zod';
import { accountLimitsSchema, accountTimeoutsSchema, oauth2Schema } from './account-parts.ts';
import { accountTlsSchema } from './account-tls.ts';
import {
  addressPattern,
  fieldName,
  fieldText,
  filePath,
  hostName,
  oneOf,
  proxyUrl,
  text,
  truth,
  whole,
} from './kinds.ts';
import { secret } from './secret.ts';

/** `accounts:`, credentials at the upstream servers. */
export const accountSchema = z
  .strictObject({
    provider: text('a provider', 'gmail')
      .optional()
      .meta({
        description:
          'A preset that knows host, port, TLS and limits. Every other key overrides it. Without one, ' +
          'host is needed.',
      }),
    region: text('a region', 'eu-west-3').optional().meta({
      description: 'Region of the provider, where it has several: it chooses the host.',
    }),
    host: hostName()
      .optional()
      .meta({
        description: 'The server. Needed without provider.',
        examples: ['mail.old-host.example'],
      }),
    port: whole(1, 65_535)
      .optional()
      .meta({
        description: "Its port. Default: the preset's, else 587.",
        examples: [587],
      }),
    username: text('a username', 'app@shop.example').optional().meta({
      description: "The name to log in with. Default: the preset's, where all users share one.",
    }),
    password: secret()
      .optional()
      .meta({
        description: 'Its password. White space in an app password of Google is ignored.',
        examples: [{ env: 'GMAIL_APP_PASSWORD' }, { credential: 'ses-smtp' }],
      }),
    next_password: secret()
      .optional()
      .meta({
        description:
          'The password that follows. It is tried by logging in, without mail, until the server ' +
          'accepts it, and takes the place of password then; whichever works is used. Move it to ' +
          'password at leisure.',
        examples: [{ file: '/etc/relayd/secrets/next-password' }],
      }),
    secret_access_key: secret()
      .optional()
      .meta({
        description: 'Amazon SES: the secret access key, from which the SMTP password is derived.',
        examples: [{ credential: 'aws-secret-access-key' }],
      }),
    auth: oneOf(['auto', 'plain', 'login', 'cram-md5', 'xoauth2', 'none'])
      .optional()
      .meta({
        description:
          'How to log in. Default: auto (the best the server offers) with a password, none without.',
        examples: ['auto'],
      }),
    oauth2: oauth2Schema,
    identities: z
      .array(addressPattern())
      .optional()
      .meta({
        description:
          'Addresses it may send as (reverse-path and From); mail from others is refused with 550 ' +
          '5.7.1. Default: the username when it is an address and the provider is not known to ' +
          'use it for logging in only, else any.',
        examples: [['app@shop.example']],
      }),
    limits: accountLimitsSchema,
    sandbox: truth()
      .optional()
      .meta({
        description:
          "The account is in the provider's test mode, with its low limits (SES: 200/d, 1/s).",
        examples: [true],
      }),
    headers: z
      .record(fieldName(), fieldText())
      .prefault({})
      .meta({
        description: 'Header fields added on the way to this provider, never shown to the app.',
        examples: [{ 'X-SES-CONFIGURATION-SET': 'relay' }],
      }),
    tls: accountTlsSchema,
    certificate: filePath()
      .optional()
      .meta({
        description: 'Client certificate as PEM, where the server asks for one.',
        examples: ['/etc/relayd/tls/client.pem'],
      }),
    key: filePath()
      .optional()
      .meta({
        description: 'Private key of the client certificate as PEM.',
        examples: ['/etc/relayd/tls/client-key.pem'],
      }),
    source_address: hostName()
      .optional()
      .meta({
        description: 'Own address to connect from.',
        examples: ['203.0.113.7'],
      }),
    proxy: proxyUrl()
      .optional()
      .meta({
        description:
          'Proxy to connect through: SOCKS5 (default port 1080) or HTTP CONNECT (default port 80), ' +
          'with user:password@ where it asks for a login. The proxy resolves the host name; TLS and ' +
          'pin are about the upstream, not about the proxy.',
        examples: ['socks5://127.0.0.1:1080'],
      }),
    timeouts: accountTimeoutsSchema,
  })
  .meta({ description: 'One set of credentials at one provider.' });

const accountName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error:
    'is no name for an account: up to 64 letters, digits and . _ - with a letter or digit first',
});

export const accountsSchema = z
  .record(accountName, accountSchema)
  .prefault({})
  .meta({ description: 'Upstream accounts, by a name of your choice that routes refer to.' });
