import { anyOf } from '../any-of.ts';
import { type Fate, type Place, reject } from '../model.ts';
import { truthOf } from './conditions.ts';
import type { Instance, Option } from './config.ts';
import { editsOf, rewrittenSender } from './edits.ts';
import { manualHosts } from './route-list.ts';
import { upstreamsOf } from './transport.ts';
import {
  type Asked,
  inListOption,
  type Mail,
  noteUnread,
  optionText,
  type World,
} from './world.ts';

const KNOWN = anyOf(`
  driver domains local_parts senders condition transport route_list route_data address_data
  headers_add headers_remove more unseen data hosts_randomize fallback_hosts check_local_user
  require_files file file_transport pipe_transport reply_transport directory_transport allow_fail
  allow_defer debug_print self host_find_failed host_all_ignored same_domain_copy_routing
  ignore_target_hosts verify\\w* expn address_test retry_use_local_part log_as_local user group
  cannot_route_message dnssec_\\w+ pass_\\w+ local_part_(?:suffix|prefix)\\w* forbid_\\w+
  check_ancestor mx_domains search_parents widen_domains qualify_\\w+ caseful_local_part
  router_home_directory transport_home_directory one_time skip_syntax_errors set
`);

/** `declines`: the next router is asked. */
type Decision = Fate | 'declines' | 'local';

/** What Exim would do with mail from one address to another; null: it stays on this machine. */
export function fateOf(world: World, original: string, recipient: string): Fate | null {
  const rewritten = rewrittenSender(world, original);
  const mail: Mail = { sender: rewritten ?? original, recipient };
  let at: Place = world.config.routers[0]?.at ?? { file: '', line: 0 };
  for (const router of world.config.routers) {
    const asked: Asked = { world, mail, what: `router ${router.name}` };
    if (!applies(router, asked)) continue;
    noteUnread(router, { kind: 'router', note: world.note, known: KNOWN });
    if (truthOf(optionText(router.options.get('unseen'), asked) ?? 'false')) {
      world.note(
        'left-out',
        router.at,
        `copies made by router ${router.name}`,
        'use bcc: of a route',
      );
      continue;
    }
    at = router.at;
    const decision = decide(router, asked, rewritten);
    if (decision === 'local') return null;
    if (decision !== 'declines') return decision;
    if (optionText(router.options.get('more'), asked) === 'false') break;
  }
  return reject(at);
}

/** The conditions that come before a router is run (section 3.12 of Exim's specification). */
function applies({ options }: Instance, asked: Asked): boolean {
  const { sender, recipient } = asked.mail;
  const [local = '', domain = ''] = recipient.split('@');
  const takes = (kind: 'domain' | 'local_part' | 'address', subject: string, option: string) => {
    const list = options.get(option);
    return list === undefined || inListOption(kind, subject, list, asked) === true;
  };
  if (options.get('verify_only')?.value === 'true') return false;
  if (options.get('check_local_user')?.value === 'true') return false;
  if (options.has('local_part_suffix') && !options.has('local_part_suffix_optional')) return false;
  if (options.has('local_part_prefix') && !options.has('local_part_prefix_optional')) return false;
  return (
    takes('domain', domain, 'domains') &&
    takes('local_part', local, 'local_parts') &&
    takes('address', sender, 'senders') &&
    conditionsHold(options.get('condition'), asked)
  );
}

/** Several `condition` lines all have to hold. */
function conditionsHold(option: Option | undefined, asked: Asked): boolean {
  if (option === undefined) return true;
  return option.value.split('\0').every((value) => {
    const text = optionText({ value, at: option.at }, asked);
    return text !== null && truthOf(text);
  });
}

function decide(router: Instance, asked: Asked, rewritten: string | null): Decision {
  const driver = router.options.get('driver')?.value;
  switch (driver) {
    case 'manualroute':
    case 'accept':
    case 'dnslookup':
      return send(router, asked, rewritten);
    case 'redirect':
      return redirect(router, asked);
    default:
      asked.world.note(
        'left-out',
        router.at,
        asked.what,
        `relayd has nothing like the driver ${driver}`,
      );
      return 'declines';
  }
}

function send(router: Instance, asked: Asked, rewritten: string | null): Decision {
  const { world } = asked;
  const addressOption = router.options.get('address_data');
  const addressData = addressOption === undefined ? '' : optionText(addressOption, asked);
  if (addressData === null) return 'declines';
  const about: Asked = { ...asked, mail: { ...asked.mail, addressData } };
  const manual = router.options.get('driver')?.value === 'manualroute';
  const target = manual ? manualHosts(router, about) : null;
  if (manual && target === null) return 'declines';
  const name = target?.transport ?? optionText(router.options.get('transport'), about);
  const transport = world.config.transports.get(name ?? '');
  if (transport === undefined) {
    if (name !== null)
      world.note(
        'left-out',
        router.at,
        `router ${router.name}`,
        `its transport ${name} is not in these files`,
      );
    return manual ? 'declines' : 'local';
  }
  const driver = transport.options.get('driver')?.value;
  if (driver !== 'smtp') {
    world.note(
      'left-out',
      transport.at,
      `transport ${transport.name}`,
      `relayd delivers by SMTP only, not by ${driver}`,
    );
    return 'local';
  }
  const own = optionText(transport.options.get('hosts'), about);
  const override = transport.options.get('hosts_override')?.value === 'true';
  const list = target === null || override ? (own ?? target?.hosts) : target.hosts || own;
  if (!list) {
    world.note(
      'left-out',
      router.at,
      `router ${router.name} (${router.options.get('driver')?.value})`,
      "relayd does not deliver to the recipients' own servers (MX); name an account",
    );
    return reject(router.at);
  }
  world.note(
    'carried',
    router.at,
    `router ${router.name}, transport ${transport.name}`,
    'as routes',
  );
  const through = upstreamsOf(transport, { list, at: router.at }, about);
  if (through.length === 0) return reject(router.at);
  const edits = editsOf(
    [router, transport],
    { ...about, what: `transport ${transport.name}` },
    rewritten,
  );
  return { is: 'send', through, edits, at: router.at };
}

function redirect(router: Instance, asked: Asked): Decision {
  const option = router.options.get('data');
  if (option === undefined) return 'declines';
  const data = (optionText(option, asked) ?? '').trim();
  if (data === '') return 'declines';
  if (/^:blackhole:/.test(data)) return { is: 'discard', at: router.at };
  if (/^:defer:/.test(data)) return { is: 'hold', at: router.at };
  const [, failed] = /^:fail:\s*(.*)$/s.exec(data) ?? [];
  if (failed !== undefined) return reject(router.at, failed || 'refused');
  if (/^:(?:unknown|include)/.test(data)) return 'declines';
  asked.world.note(
    'left-out',
    router.at,
    asked.what,
    'relayd does not send mail to other recipients than the app named',
  );
  return 'declines';
}
