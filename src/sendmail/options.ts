import { type Option, sets } from './draft.ts';
import { QUEUE_OPTIONS } from './queue-options.ts';

const nothing: Option['read'] = () => null;

const notifyWords = /^(?:never|(?:success|failure|delay)(?:,(?:success|failure|delay))*)$/i;

/** Tried in their order; the first that fits is meant. */
export const OPTIONS: readonly Option[] = [
  {
    flag: /^-(?:t|ti|it)$/,
    usage: [
      '-t',
      'The recipients are those of To, Cc and Bcc (of the Resent- fields when there are any), without those ' +
        'given as arguments.',
    ],
    read: (draft, _value, flag) => {
      draft.extract = true;
      draft.dotsIgnored ||= flag.includes('i');
      return null;
    },
  },
  {
    flag: /^-(?:i|oi|oitrue)$/,
    usage: ['-i, -oi', 'A line with only a dot does not end the message.'],
    read: sets({ dotsIgnored: true }),
  },
  {
    flag: /^-[fr]/,
    value: true,
    usage: [
      '-f ADDRESS, -r ADDRESS',
      'The reverse-path; <> for the null one. Default: the calling user.',
    ],
    read: (draft, value) => {
      draft.sender = value === '<>' ? '' : value;
      return null;
    },
  },
  {
    flag: /^-F/,
    value: true,
    usage: ['-F NAME', 'The name in a From field that has to be added.'],
    read: (draft, value) => {
      draft.fullName = value;
      return null;
    },
  },
  {
    flag: /^-bm$/,
    usage: ['-bm', 'Deliver a message: the default.'],
    read: sets({ mode: 'deliver' }),
  },
  {
    flag: /^-bs$/,
    usage: ['-bs', 'Speak SMTP on standard input and output.'],
    read: sets({ mode: 'dialogue' }),
  },
  {
    flag: /^-bpr?c$/,
    usage: ['-bpc', 'Print how many messages wait.'],
    read: sets({ mode: 'count' }),
  },
  {
    flag: /^-bpr?u$/,
    usage: ['-bpu', 'As -bp, without recipients that are done.'],
    read: sets({ mode: 'list', undeliveredOnly: true }),
  },
  {
    flag: /^-bpr?a?$/,
    usage: ['-bp, -bpr', 'Print the queue as Exim does, the oldest first.'],
    read: sets({ mode: 'list' }),
  },
  {
    flag: /^-b[tv]$/,
    usage: [
      '-bt ADDRESS ..., -bv',
      'Print by which account mail of the sender (-f) to these addresses would leave.',
    ],
    read: sets({ mode: 'route' }),
  },
  {
    flag: /^-bP$/,
    usage: ['-bP NAME ...', 'Print options under the names that Exim has for them.'],
    read: sets({ mode: 'options' }),
  },
  {
    flag: /^-(?:bV|-version)$/,
    usage: ['-bV', 'Print the version.'],
    read: sets({ mode: 'version' }),
  },
  {
    flag: /^-bi$/,
    usage: ['-bi', 'As newaliases: there is nothing to do, and it says so.'],
    read: sets({ mode: 'newaliases' }),
  },
  {
    flag: /^-b[dD]/,
    usage: null,
    read: (_draft, _value, flag) =>
      `${flag}: the daemon is relayd; start it with \`systemctl start relayd\``,
  },
  {
    flag: /^-N/,
    value: true,
    as: ['sendmail'],
    usage: [
      '-N never | success,failure,delay',
      'When the sender is notified (NOTIFY of RFC 3461). Not as exim.',
    ],
    read: (draft, value) => {
      draft.notify = value.toUpperCase();
      return notifyWords.test(value) ? null : `-N ${value}: never, or success, failure and delay`;
    },
  },
  {
    flag: /^-R/,
    value: true,
    as: ['sendmail'],
    usage: [
      '-R full | hdrs',
      'How much of the message a notification returns (RET of RFC 3461). Not as exim.',
    ],
    read: (draft, value) => {
      draft.ret = /^full$/i.test(value) ? 'FULL' : 'HDRS';
      return /^(?:full|hdrs)$/i.test(value) ? null : `-R ${value}: full or hdrs`;
    },
  },
  {
    flag: /^-V/,
    value: true,
    as: ['sendmail'],
    usage: ['-V ID', 'The envelope id that notifications repeat (ENVID of RFC 3461). Not as exim.'],
    read: (draft, value) => {
      draft.envid = value;
      return /^[!-~]{1,100}$/.test(value)
        ? null
        : '-V: up to 100 characters of ASCII without spaces';
    },
  },
  {
    flag: /^-B/,
    value: true,
    usage: ['-B 7BIT | 8BITMIME', 'What the body holds. It is looked at in any case.'],
    read: (draft, value) => {
      draft.body = /^7bit$/i.test(value) ? '7BIT' : '8BITMIME';
      return /^(?:7bit|8bitmime)$/i.test(value) ? null : `-B ${value}: 7BIT or 8BITMIME`;
    },
  },
  {
    flag: /^-v+$/,
    usage: ['-v', 'Print under which id the message waits.'],
    read: sets({ verbose: true }),
  },
  {
    flag: /^-C/,
    value: true,
    usage: [
      '-C FILE',
      'The relay.yaml that names the sockets. Default: $RELAYD_CONFIG, else /etc/relayd/relay.yaml.',
    ],
    read: (draft, value) => {
      draft.config = value;
      return null;
    },
  },
  ...QUEUE_OPTIONS,
  {
    flag: /^-o(?:X|P|y)/,
    usage: null,
    read: (_draft, _value, flag) => `${flag}: there is no such option`,
  },
  // Who the message comes from is not for the caller to say: taken with its value, without effect.
  { flag: /^-oM(?:a|aa|ai|as|i|m|r|s|t)$/, value: true, usage: null, read: nothing },
  { flag: /^-(?:[hLOAp])/, value: true, usage: null, read: nothing },
  {
    flag: /^-(?:o\w+|om|[mnUGx])$/,
    usage: [
      '-oX, -O, -A, -G, -h, -L, -m, -n, -p, -U, -x',
      'Taken for the sake of old callers, without effect.',
    ],
    read: nothing,
  },
];
