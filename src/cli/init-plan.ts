/** What `relayctl init` has been told; all that it writes follows from it. */
export interface InitPlan {
  /** A preset; null: a server by its name. */
  readonly provider: string | null;
  readonly region: string | null;
  readonly host: string | null;
  readonly port: number | null;
  /** Name of the account. */
  readonly account: string;
  /** Who the apps send as: an address or @domain. */
  readonly address: string;
  /** Null: the preset's, or none. */
  readonly username: string | null;
  readonly login:
    | { readonly is: 'password'; readonly password: string }
    /** By device code (RFC 8628), once the daemon runs. */
    | { readonly is: 'device'; readonly clientId: string }
    | { readonly is: 'none' };
  /** Names of the apps. */
  readonly clients: readonly string[];
}

/** An app with the password that was made for it. */
export interface InitClient {
  readonly name: string;
  readonly password: string;
  /** As it stands in relay.yaml. */
  readonly hash: string;
}

/** The name of the file below secrets/ with the account's password. */
export const secretFile = ({ account }: Pick<InitPlan, 'account'>): string => `secrets/${account}`;

/** relay.yaml as a value, in the order of its keys. */
export function relayConfig(
  plan: InitPlan,
  clients: readonly InitClient[],
): Readonly<Record<string, unknown>> {
  return {
    clients: Object.fromEntries(
      clients.map(({ name, hash }) => [name, { password: hash, senders: [plan.address] }]),
    ),
    accounts: { [plan.account]: accountConfig(plan) },
    routes: [{ sender: plan.address, accounts: [plan.account] }],
  };
}

function accountConfig(plan: InitPlan): Readonly<Record<string, unknown>> {
  const { provider, region, host, port, username, login, address } = plan;
  const own = {
    provider,
    region,
    host,
    port,
    username,
    ...(login.is === 'password' ? { password: { file: secretFile(plan) } } : {}),
    ...(login.is === 'device' ? { auth: 'xoauth2', oauth2: { client_id: login.clientId } } : {}),
    identities: username === address ? null : [address],
  };
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
}

/** The address that a snippet sends as. */
export function exampleSender({ address }: Pick<InitPlan, 'address'>): string {
  return address.startsWith('@') ? `noreply${address}` : address;
}
