import { parsePasswordHash } from '../../lib/password-hash.ts';
import { Secret } from '../../lib/secret.ts';
import type { Client, ClientPassword } from '../../relay/client.ts';
import type { ClientConfig } from '../schema/relay.ts';
import type { SecretReference } from '../schema/secret.ts';
import { type BuildContext, type Path, secretText } from './context.ts';

/** `clients:` by name. */
export async function buildClients(
  configs: Readonly<Record<string, ClientConfig>>,
  context: BuildContext,
): Promise<Map<string, Client>> {
  const clients = await Promise.all(
    Object.entries(configs).map(([name, config]) => buildClient(name, config, context)),
  );
  return new Map(clients.map((client) => [client.name, client]));
}

async function buildClient(
  name: string,
  config: ClientConfig,
  context: BuildContext,
): Promise<Client> {
  const path = ['clients', name];
  if (config.password === undefined && config.networks === undefined) {
    context.report.error(
      path,
      'nobody could be this client; give password: (from `relayctl client password`) or networks:',
      'key',
    );
  }
  return {
    name,
    password:
      config.password === undefined
        ? null
        : await readPassword(config.password, [...path, 'password'], context),
    networks: config.networks ?? [],
    senders: config.senders,
    rate: config.rate ?? null,
    messageBytesMax: config.message_size ?? null,
  };
}

const HASH = /^scrypt\$\S+$/;

/** A hash is no secret to hide: it may stand in a file of any mode. */
async function readPassword(
  reference: SecretReference,
  path: Path,
  context: BuildContext,
): Promise<ClientPassword | null> {
  const text =
    typeof reference === 'string' && HASH.test(reference)
      ? reference
      : await secretText(reference, path, context);
  if (text === null) return null;
  if (!HASH.test(text)) return { is: 'plain', value: new Secret(text) };
  if (parsePasswordHash(text) === null) {
    context.report.error(
      path,
      'no password fits this hash; make one with `relayctl client password`',
    );
  }
  return { is: 'scrypt', hash: text };
}
