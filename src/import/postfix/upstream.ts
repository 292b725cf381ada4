import {
  type AccountExtra,
  type FileReader,
  isHost,
  type Login,
  type Note,
  type Place,
  readPort,
  type Upstream,
  type UpstreamTls,
} from '../model.ts';
import { type NamedFile, tlsFiles } from '../tls-files.ts';
import { isYes, type Parameters, parameterText } from './main-cf.ts';
import { type Entry, find, findAddress } from './tables.ts';

/** What a delivery service knows when it meets a server. */
export interface Client {
  readonly parameters: Parameters;
  readonly passwords: readonly Entry[];
  readonly policies: readonly Entry[];
  readonly read: FileReader;
  readonly note: Note;
}

const notAHost = 'that is no name of a server';

interface Asked {
  readonly sender: string;
  readonly at: Place;
  /** Whether the sender's own password may be used: not where the recipient chose the server. */
  readonly ownLogin: boolean;
}

/** `[host]:port`, `host`; several with commas are tried in order. */
export function upstreamsOf(nexthop: string, asked: Asked, client: Client): Upstream[] {
  return nexthop
    .split(/[\s,]+/)
    .filter((item) => item !== '')
    .map((item) => upstreamOf(item, asked, client))
    .filter(({ host }) => {
      if (!isHost(host)) client.note('left-out', asked.at, `server ${host}`, notAHost);
      return isHost(host);
    });
}

function upstreamOf(nexthop: string, asked: Asked, client: Client): Upstream {
  const { parameters, note } = client;
  const { at } = asked;
  const [, inner, bare, named] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\w+))?$/.exec(nexthop) ?? [];
  const host = (inner ?? bare ?? nexthop).replace(/^ipv6:/i, '');
  const wrapped = isYes(parameters, 'smtp_tls_wrappermode');
  const port = readPort(named ?? '') ?? (wrapped ? 465 : 25);
  if (inner === undefined && !/^[\d.]+$/.test(host)) {
    note(
      'changed',
      at,
      `mail servers (MX) of ${host}`,
      'the host of that name is used; put one of its mail servers there',
    );
  }
  const { tls, verified } = tlsOf(nexthop, host, client);
  return {
    host,
    port,
    tls: wrapped ? 'implicit' : tls,
    verified,
    login: loginOf({ ...asked, host, nexthop }, client),
    extra: extraOf(client),
    name: null,
    at,
  };
}

/** smtp_tls_policy_maps before smtp_tls_security_level before the parameters of old. */
function tlsOf(
  nexthop: string,
  host: string,
  { parameters, policies, note }: Client,
): { tls: UpstreamTls; verified: boolean } {
  const policy = find(policies, [nexthop, host, ...parentsOf(host)]);
  const given =
    policy?.value.split(/\s+/)[0] ?? parameterText(parameters, 'smtp_tls_security_level');
  const old = isYes(parameters, 'smtp_enforce_tls')
    ? 'verify'
    : isYes(parameters, 'smtp_use_tls')
      ? 'may'
      : 'none';
  const level = given === '' ? old : given;
  if (level === 'fingerprint') {
    const at = policy?.at ?? parameters.get('smtp_tls_security_level')?.at;
    if (at !== undefined) {
      note(
        'changed',
        at,
        `fingerprint of ${host}`,
        'the certificate is verified by its chain; relayd pins keys: `relayctl account test` shows the pin',
      );
    }
  }
  if (level === 'none') return { tls: 'none', verified: false };
  if (level === 'may' || level === 'dane') return { tls: 'opportunistic', verified: false };
  return { tls: 'starttls', verified: level !== 'encrypt' };
}

function parentsOf(host: string): string[] {
  return host
    .split('.')
    .map((_, index, labels) => `.${labels.slice(index + 1).join('.')}`)
    .slice(0, -1);
}

/** The sender's own entry where that is switched on, then the server's. */
function loginOf(
  { sender, host, nexthop, at, ownLogin }: Asked & { host: string; nexthop: string },
  { parameters, passwords, note }: Client,
): Login | null {
  if (!isYes(parameters, 'smtp_sasl_auth_enable')) return null;
  const dependent = isYes(parameters, 'smtp_sender_dependent_authentication');
  const own = dependent && ownLogin ? findAddress(passwords, sender) : null;
  const entry = own ?? find(passwords, [host, nexthop]);
  const [, username = '', password = ''] = /^([^:]*):(.*)$/s.exec(entry?.value ?? '') ?? [];
  if (username !== '' && password !== '') {
    return { username, password: { is: 'text', text: password }, auth: 'auto' };
  }
  note('left-out', at, `login at ${nexthop}`, 'smtp_sasl_password_maps has no entry for it');
  return null;
}

function extraOf({ parameters, read, note }: Client): AccountExtra {
  const file = (name: string): NamedFile | null => {
    const path = parameterText(parameters, name);
    const at = parameters.get(name)?.at;
    return path === '' || at === undefined ? null : { path, what: name, at };
  };
  const files = {
    ca: file('smtp_tls_CAfile'),
    certificate: file('smtp_tls_cert_file'),
    key: file('smtp_tls_key_file'),
  };
  const address = parameterText(parameters, 'smtp_bind_address');
  return {
    ...(address === '' || address === '0.0.0.0' ? {} : { source_address: address }),
    ...tlsFiles(files, { read, note }),
  };
}
