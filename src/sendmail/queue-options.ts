import type { Act, Force } from './command.ts';
import { type Option, sets } from './draft.ts';

/** What Exim's operators do with the queue. */
export const QUEUE_OPTIONS: readonly Option[] = [
  {
    flag: /^-q[qi]*(?:ff?)?l?$/,
    usage: [
      '-q, -qf, -qff',
      'Try waiting mail: -qf all that waits, before its time and through paused accounts; -qff also what is held. ' +
        '-q alone does nothing: mail that is due goes by itself.',
    ],
    read: (draft, _value, flag) => {
      draft.run = { force: forceOf(flag), side: 'all', pattern: false, text: '' };
      return null;
    },
  },
  {
    flag: /^-q/,
    usage: null,
    read: (_draft, _value, flag) =>
      `${flag}: relayd runs its queue by itself, no interval is needed`,
  },
  {
    flag: /^-[RS]r?(?:ff?)?$/,
    as: ['exim'],
    usage: [
      '-R TEXT, -S TEXT',
      'As exim: try mail with the text in a recipient (-R) or in the sender (-S); -Rf, -Rff as -qf and -qff; -Rr, ' +
        '-Sr: the text is a regular expression.',
    ],
    read: (draft, _value, flag) => {
      const side = flag.startsWith('-R') ? 'recipient' : 'sender';
      draft.run = { force: forceOf(flag), side, pattern: flag[2] === 'r', text: '' };
      return null;
    },
  },
  ...messageOptions(),
];

function forceOf(flag: string): Force {
  if (/ff/.test(flag)) return 'all';
  return /f/.test(flag) ? 'waiting' : 'due';
}

function messageOptions(): Option[] {
  const acts: readonly [string, Act, string][] = [
    ['', 'deliver', 'try it now, also when it is held'],
    ['f', 'hold', 'hold it'],
    ['t', 'release', 'release it'],
    ['rm', 'remove', 'remove it, nobody is told'],
    ['g', 'bounce', 'give up, and notify the sender'],
  ];
  const shows = [
    ['vl', 'log', 'print what happened to it'],
    ['vh', 'header', 'print its envelope and header, as Exim keeps them'],
    ['vb', 'body', 'print its body'],
    ['vc', 'copy', 'print all of it'],
  ] as const;
  return [
    ...acts.map(
      ([letters, act, what]): Option => ({
        flag: new RegExp(`^-M${letters}$`),
        usage: [`-M${letters} ID ...`, `For each message: ${what}.`],
        read: sets({ act }),
      }),
    ),
    ...shows.map(
      ([letters, show, what]): Option => ({
        flag: new RegExp(`^-M${letters}$`),
        usage: [`-M${letters} ID`, `For one message: ${what}.`],
        read: sets({ show }),
      }),
    ),
  ];
}
