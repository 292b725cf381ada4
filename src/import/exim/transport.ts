import { anyOf } from '../any-of.ts';
import {
  type AccountExtra,
  isHost,
  type Place,
  readPort,
  type Upstream,
  type UpstreamTls,
} from '../model.ts';
import { type NamedFile, tlsFiles } from '../tls-files.ts';
import type { Instance } from './config.ts';
import { splitList } from './lists.ts';
import { loginOf } from './login.ts';
import { type Asked, inListOption, noteUnread, optionText, someHostAddress } from './world.ts';

/** Those that are read, and those that relayd settles by itself. */
const KNOWN = anyOf(`
  driver hosts fallback_hosts hosts_override port protocol interface
  hosts_try_auth hosts_require_auth hosts_require_tls hosts_avoid_tls
  tls_verify_hosts tls_try_verify_hosts tls_verify_certificates tls_certificate
  tls_privatekey tls_sni connection_max_messages max_rcpt socks_proxy
  headers_add headers_remove headers_rewrite return_path

  tls_tempfail_tryclear tls_verify_cert_hostnames tls_dh_min_bits multi_domain
  tls_require_ciphers command_timeout connect_timeout data_timeout final_timeout
  delay_after_cutoff hosts_randomize hosts_max_try dns_search_parents debug_print
  dns_qualify_single hosts_try_fastopen hosts_try_dane hosts_require_dane allow_localhost
  hosts_try_chunking hosts_avoid_pipelining hosts_try_prdr size_addition gethostbyname
  hosts_noproxy_tls hosts_nopass_tls hosts_pipe_connect hosts_request_ocsp
  message_linelength_limit hosts_require_ocsp dnssec_request_domains retry_include_ip_address
  keepalive serialize_hosts
`);

/** The servers that a transport would try, in order, each with its login. */
export function upstreamsOf(
  transport: Instance,
  hosts: { readonly list: string; readonly at: Place },
  asked: Asked,
): Upstream[] {
  noteUnread(transport, { kind: 'transport', note: asked.world.note, known: KNOWN });
  const fallback = optionText(transport.options.get('fallback_hosts'), asked);
  return [...splitHosts(hosts.list), ...splitHosts(fallback ?? '')].flatMap((item) => {
    if (isHost(readHost(item).host)) return upstreamOf(item, transport, { ...asked, at: hosts.at });
    asked.world.note('left-out', hosts.at, `server ${item}`, 'that is no name of a server');
    return [];
  });
}

/** The colon is also part of `host::port`, which a list writes doubled. */
function splitHosts(list: string): string[] {
  return splitList(list).filter((item) => item !== '' && item !== '+');
}

function upstreamOf(
  item: string,
  transport: Instance,
  asked: Asked & { readonly at: Place },
): Upstream {
  const { options } = transport;
  const { world, at } = asked;
  const { host, port: ownPort, mx } = readHost(item);
  if (mx) {
    world.note(
      'changed',
      at,
      `mail servers (MX) of ${host}`,
      'the host of that name is used; put one of its mail servers there',
    );
  }
  const about: Asked = {
    ...asked,
    mail: { ...asked.mail, host },
    what: `transport ${transport.name}`,
  };
  const implicit = optionText(options.get('protocol'), about) === 'smtps';
  const named = optionText(options.get('port'), about) ?? '';
  const port = ownPort ?? readPort(named) ?? (implicit ? 465 : 25);
  const takes = (option: string): boolean => takesHost(host, option, transport, about);
  const wanted = takes('hosts_require_auth') || takes('hosts_try_auth');
  const login = wanted ? loginOf(about) : null;
  if (wanted && login === null) {
    world.note(
      'left-out',
      transport.at,
      `login at ${host} for ${asked.mail.sender}`,
      'no authenticator gives a name and a password',
    );
  }
  const tls: UpstreamTls = implicit
    ? 'implicit'
    : takes('hosts_require_tls')
      ? 'starttls'
      : takes('hosts_avoid_tls')
        ? 'none'
        : 'opportunistic';
  return {
    host,
    port,
    tls,
    verified: takes('tls_verify_hosts'),
    login,
    extra: extraOf(transport, about),
    name: null,
    at: asked.at,
  };
}

function readHost(item: string): { host: string; port: number | null; mx: boolean } {
  const mx = /\/mx$/i.test(item);
  const text = item.replace(/\/mx$/i, '');
  const [, host = text, port] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(text) ?? [];
  // A bare IPv6 address holds colons of its own.
  const bare = /^[\da-f:]+:[\da-f:]+$/i.test(text) && !text.startsWith('[');
  return bare ? { host: text, port: null, mx } : { host, port: readPort(port ?? ''), mx };
}

/** By name, or by the address that Exim would have found for it. */
function takesHost(host: string, option: string, { options }: Instance, about: Asked): boolean {
  const list = options.get(option);
  return (
    inListOption('host', host, list, about) === true ||
    inListOption('host', someHostAddress, list, about) === true
  );
}

function extraOf({ options, name }: Instance, about: Asked): AccountExtra {
  const value = (option: string): string | undefined => {
    const text = optionText(options.get(option), about);
    return text === null || text === '' ? undefined : text;
  };
  const file = (option: string): NamedFile | null => {
    const path = value(option);
    const place = options.get(option)?.at;
    if (path === undefined || place === undefined) return null;
    return { path, what: `${option} of transport ${name}`, at: place };
  };
  const files = {
    ca: file('tls_verify_certificates'),
    certificate: file('tls_certificate'),
    key: file('tls_privatekey'),
  };
  const proxy = value('socks_proxy');
  const [proxyHost, ...words] = proxy?.split(/\s+/) ?? [];
  const proxyPort = words.find((word) => word.startsWith('port='))?.slice('port='.length) ?? '1080';
  const at = options.get('socks_proxy')?.at;
  if (at !== undefined && /name=|pass=/.test(proxy ?? '')) {
    about.world.note(
      'left-out',
      at,
      `login of the proxy of transport ${name}`,
      'put user:password@ into proxy:, in a file with mode 0600',
    );
  }
  const address = value('interface')
    ?.replace(/^<\S\s*/, '')
    .split(/[\s:;,]+/)[0];
  const messages = Number(value('connection_max_messages') ?? 0);
  const recipients = Number(value('max_rcpt') ?? 0);
  const servername = value('tls_sni');
  return {
    ...(address !== undefined && /^[\d.]+$/.test(address) ? { source_address: address } : {}),
    ...(proxyHost ? { proxy: `socks5://${proxyHost}:${proxyPort}` } : {}),
    ...tlsFiles(files, about.world),
    ...(servername === undefined ? {} : { servername }),
    ...(messages > 0 ? { messages_per_connection: messages } : {}),
    ...(recipients > 0 ? { recipients } : {}),
  };
}
