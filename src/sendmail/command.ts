/** Which program we were called as; what options mean hangs on it. */
export type Personality = 'sendmail' | 'mailq' | 'newaliases' | 'exim';

/** What one call asks for. */
export type Command =
  | ({ readonly is: 'deliver' } & Delivery)
  /** SMTP on standard input and output. */
  | { readonly is: 'dialogue' }
  | { readonly is: 'list'; readonly undeliveredOnly: boolean }
  | { readonly is: 'count' }
  /** A queue run; null: of all mail. */
  | { readonly is: 'run'; readonly force: Force; readonly match: Match | null }
  | { readonly is: 'act'; readonly act: Act; readonly ids: readonly string[] }
  | { readonly is: 'show'; readonly what: 'log' | 'header' | 'body' | 'copy'; readonly id: string }
  | {
      readonly is: 'route';
      readonly addresses: readonly string[];
      /** -f */
      readonly sender: string | null;
    }
  | { readonly is: 'options'; readonly names: readonly string[] }
  | { readonly is: 'newaliases' }
  | { readonly is: 'version' }
  | { readonly is: 'help' }
  | { readonly is: 'wrong'; readonly message: string };

/** due: what is due anyway; waiting: all that waits; all: what is held, too. */
export type Force = 'due' | 'waiting' | 'all';

/** Mail whose sender or a recipient holds the text; with `pattern` it is a regular expression. */
export interface Match {
  readonly side: 'sender' | 'recipient';
  readonly text: string;
  readonly pattern: boolean;
}

export type Act = 'deliver' | 'hold' | 'release' | 'remove' | 'bounce';

/** A message on standard input. */
export interface Delivery {
  readonly recipients: readonly string[];
  /** -t: the recipients are those of the header, without those given as arguments. */
  readonly extract: boolean;
  /** -i: a line with only a dot does not end the message. */
  readonly dotsIgnored: boolean;
  /** -f; '' for the null reverse-path, null: the calling user. */
  readonly sender: string | null;
  readonly fullName: string | null;
  readonly body: '7BIT' | '8BITMIME' | null;
  readonly notify: string | null;
  readonly ret: 'FULL' | 'HDRS' | null;
  readonly envid: string | null;
  /** -v: says under which id the message waits. */
  readonly verbose: boolean;
}

/** A command line taken apart. */
export interface Call {
  readonly personality: Personality;
  /** -C: relay.yaml. */
  readonly config: string | null;
  readonly command: Command;
}
