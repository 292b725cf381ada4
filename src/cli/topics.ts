/** What `relayctl help TOPIC` explains: things that several commands share. */
interface Topic {
  readonly name: string;
  readonly title: string;
  readonly text: string;
}

const TOPICS: readonly Topic[] = [
  {
    name: 'states',
    title: 'the states of a recipient in the queue, and of an account',
    text: `A message is kept per recipient; each recipient has a state of its own.

  waiting      tried again when its time comes, or when its account works again
  sending      an attempt is under way (--state leased)
  in-doubt     everything was sent and the answer never came: the provider may have it. It is
               tried once more, 15 minutes later, through the same account only
  held         stopped until someone acts: queue release, or account resume
  quarantined  what is stored of it cannot be read; it is kept for a person to look at

An account is

  open    at work
  paused  stopped until a time, then tried with one message; its mail uses up no attempt
  held    stopped until someone acts: mend what the reason says, then account resume
`,
  },
  {
    name: 'filters',
    title: 'how commands choose mail',
    text: `The commands of queue take message ids, or these options; all that are given must hold.

  --account NAME       waits for this account
  --client NAME        was submitted by this client
  --sender ADDRESS     reverse-path, or @domain; <> for notifications
  --recipient ADDRESS  recipient, or @domain
  --state STATE        see help states; may be repeated
  --older 2h           accepted longer ago; --newer 10m less long ago
  --reason CLASS       why it waits, as quota or network; not in hold and bounce, where --reason
                       says why you do it

Whatever changes mail wants a choice, or --all; queue flush alone tries everything. Look first:
every filter works with queue list, --dry-run counts what would be touched, and more than 100
messages are asked about (--yes).
`,
  },
  {
    name: 'ids',
    title: 'message ids',
    text: `11 letters and digits, as in the reply to the app (250 2.0.0 Ok: queued as 1n8f3k2x0q4), in
the log and in queue list. They sort by the time of acceptance. Upper and lower case are the
same. The form that log.format: exim writes (1xUmeO-005sQ4-00) is understood as well.
`,
  },
  {
    name: 'secrets',
    title: 'passwords and tokens in relay.yaml',
    text: `A secret is one of

  {env: NAME}             an environment variable of the daemon
  {file: /path}           a file that only root and relayd can read
  {credential: NAME}      systemd: LoadCredential=NAME:/path in the unit
  {command: [argv, ...]}  what a program prints; no shell, 10 seconds at most

A literal one is taken only when relay.yaml has mode 0600 or stricter. No command and no log
shows any of them. A changed secret is read by systemctl reload relayd, and opens an account
that was held for it.
`,
  },
  {
    name: 'exim',
    title: 'what replaces which Exim command',
    text: `sendmail, mailq, newaliases and exim of relayd keep their names and options: sendmail -t of a
cron job, exim -bp and the rest go on as they are (relayd-sendmail(1)). More is shown by:

  mailq, exim -bp        relayctl queue list
  exim -bpc              relayctl queue list --ids --all | wc -l, or relayctl status
  exim -qf               relayctl queue flush
  exim -qff              relayctl queue flush --include-held
  exim -Mvh, -Mvb ID     relayctl queue show ID --headers, --body
  exim -Mvc, -Mvl ID     relayctl queue show ID --raw, --log
  exim -M ID             relayctl queue flush ID
  exim -Mf, -Mt ID       relayctl queue hold, queue release ID
  exim -Mrm ID           relayctl queue remove ID
  exim -Mg ID            relayctl queue bounce ID
  exim -bt ADDRESS       relayctl route test --from SENDER --to ADDRESS
  exim -bV               relayctl config check
  exigrep PATTERN        relayctl log search --recipient, --sender, --message-id ...
  exigrep, eximstats     they work on the log with log.format: exim
  exiwhat                relayctl top
  eximon                 relayctl top
`,
  },
];

export function topicNames(): string[] {
  return TOPICS.map(({ name }) => name);
}

/** Null: there is no such topic. */
export function topicText(name: string): string | null {
  const topic = TOPICS.find((candidate) => candidate.name === name);
  return topic === undefined ? null : topic.text;
}

/** The list at the end of the help. */
export function topicList(): string {
  const lines = TOPICS.map(({ name, title }) => `  ${name.padEnd(10)} ${title}\n`);
  return `\nHelp on other topics, with relayctl help TOPIC:\n${lines.join('')}`;
}
