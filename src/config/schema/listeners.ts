import { z } from 'zod';
import { filePath, oneOf, text, truth } from './kinds.ts';
import { fileMode, listenAddress, network } from './peers.ts';

/** `listeners:`, where the local apps connect. */
export const listenerSchema = z
  .strictObject({
    listen: listenAddress()
      .prefault('127.0.0.1:587')
      .meta({
        description:
          'Where apps connect: host:port, [IPv6]:port, unix:PATH, or systemd:NAME for a socket that ' +
          'systemd opened.',
      }),
    mode: fileMode()
      .optional()
      .meta({
        description:
          'Who may connect to a unix: listener, as its file mode. Default: "0660", owner and group; ' +
          '"0666" for every user of the machine, as sendmail(1) needs it.',
      }),
    group: text('a group', 'mail').optional().meta({
      description: 'Group of the socket file of a unix: listener. Default: that of the daemon.',
    }),
    tls: oneOf(['none', 'starttls', 'implicit'])
      .prefault('none')
      .meta({
        description:
          'none, starttls (TLS after the STARTTLS command) or implicit (TLS from the first byte). ' +
          'With a listener that other machines reach, passwords need one of the last two.',
      }),
    certificate: filePath()
      .optional()
      .meta({
        description:
          'Certificate chain as PEM, the own certificate first. Read again on reload and when the ' +
          'file changes.',
        examples: ['/etc/relayd/tls/cert.pem'],
      }),
    key: filePath()
      .optional()
      .meta({
        description: 'Private key of the certificate as PEM.',
        examples: ['/etc/relayd/tls/key.pem'],
      }),
    auth: oneOf(['required', 'optional'])
      .prefault('required')
      .meta({
        description:
          'Whether everybody has to log in. With optional, clients that have networks are known by ' +
          'their address and need not.',
      }),
    account_login: truth()
      .prefault(false)
      .meta({
        description:
          "With true an app may log in with an upstream account's own username and password. Its " +
          'mail then leaves through that account only, as one of its identities.',
      }),
    proxy_protocol: z
      .array(network())
      .prefault([])
      .meta({
        description:
          'Networks of load balancers whose PROXY protocol header (version 1) is believed.',
        examples: [['10.0.0.5/32']],
      }),
    xclient: z
      .array(network())
      .prefault([])
      .meta({
        description: 'Networks of mail proxies whose XCLIENT command is believed.',
        examples: [['127.0.0.1/32']],
      }),
  })
  .meta({ description: 'One address that apps submit mail to.' });

export const listenersSchema = z
  .array(listenerSchema)
  .min(1, { error: 'is empty; leave it out for 127.0.0.1:587, or give at least one listener' })
  .prefault([{}])
  .meta({ description: 'Where local apps submit mail. Without this section: 127.0.0.1:587.' });
