import type { Call, Command, Delivery, Personality } from './command.ts';
import type { Draft, Option } from './draft.ts';
import { OPTIONS } from './options.ts';

/** The program that a file name stands for: `/usr/lib/sendmail`, `exim4`. */
export function personalityOf(program: string): Personality {
  const name = program.split('/').at(-1) ?? '';
  if (/^exim4?$/.test(name)) return 'exim';
  return name === 'mailq' || name === 'newaliases' ? name : 'sendmail';
}

/** Reads a command line, given without the program's name. */
export function readCall(personality: Personality, args: readonly string[]): Call {
  const draft = emptyDraft(personality);
  const call = (command: Command): Call => ({ personality, config: draft.config, command });
  let index = 0;
  for (; index < args.length; index += 1) {
    const word = args[index] ?? '';
    if (word === '--') {
      index += 1;
      break;
    }
    if (word === '--help') return call({ is: 'help' });
    if (!word.startsWith('-')) break;
    const option = OPTIONS.find(
      ({ flag, as }) => flag.test(word) && (as === undefined || as.includes(personality)),
    );
    if (option === undefined) {
      return call(
        wrong(`there is no option ${word}; \`${personality} --help\` has those there are`),
      );
    }
    const taken = take(option, word, args[index + 1]);
    if (taken === null) return call(wrong(`${word} needs a value`));
    index += taken.words;
    const fault = option.read(draft, taken.value, word);
    if (fault !== null) return call(wrong(fault));
  }
  return call(commandOf(draft, args.slice(index)));
}

/** The value of an option, and how many further words it took; null: it is missing. */
function take(
  { flag, value }: Option,
  word: string,
  next: string | undefined,
): { value: string; words: number } | null {
  if (value !== true) return { value: '', words: 0 };
  const here = word.slice(flag.exec(word)?.[0].length ?? word.length);
  if (here !== '') return { value: here, words: 0 };
  return next === undefined ? null : { value: next, words: 1 };
}

function emptyDraft(personality: Personality): Draft {
  const modes = { mailq: 'list', newaliases: 'newaliases' } as const;
  return {
    personality,
    mode: personality === 'mailq' || personality === 'newaliases' ? modes[personality] : 'deliver',
    undeliveredOnly: false,
    extract: false,
    dotsIgnored: false,
    sender: null,
    fullName: null,
    body: null,
    notify: null,
    ret: null,
    envid: null,
    verbose: false,
    config: null,
    run: null,
    act: null,
    show: null,
  };
}

function wrong(message: string): Command {
  return { is: 'wrong', message };
}

function commandOf(draft: Draft, rest: readonly string[]): Command {
  const { act, show, run } = draft;
  if (act !== null) {
    return rest.length === 0 ? wrong('no message ids given') : { is: 'act', act, ids: rest };
  }
  if (show !== null) {
    const [id, ...more] = rest;
    if (id === undefined || more.length > 0) return wrong('give one message id');
    return { is: 'show', what: show, id };
  }
  if (run !== null) return runOf(run, rest);
  switch (draft.mode) {
    case 'list':
      return { is: 'list', undeliveredOnly: draft.undeliveredOnly };
    case 'count':
      return { is: 'count' };
    case 'route':
      if (rest.length === 0) return wrong('give the addresses to be looked at');
      return { is: 'route', addresses: rest, sender: draft.sender };
    case 'options':
      return { is: 'options', names: rest };
    case 'deliver':
      return deliveryOf(draft, rest);
    default:
      return { is: draft.mode };
  }
}

function runOf(run: NonNullable<Draft['run']>, rest: readonly string[]): Command {
  const { force, side, pattern } = run;
  const [text, ...more] = rest;
  if (side === 'all') {
    if (text !== undefined) return wrong('a run of part of the queue by ids is not there; use -M');
    return { is: 'run', force, match: null };
  }
  if (text === undefined || more.length > 0) return wrong('give one text to look for');
  return { is: 'run', force, match: { side, text, pattern } };
}

function deliveryOf(draft: Draft, recipients: readonly string[]): Command {
  if (recipients.length === 0 && !draft.extract) {
    return wrong('give recipients, or -t to take them from the header');
  }
  const delivery: Delivery = {
    recipients,
    extract: draft.extract,
    dotsIgnored: draft.dotsIgnored,
    sender: draft.sender,
    fullName: draft.fullName,
    body: draft.body,
    notify: draft.notify,
    ret: draft.ret,
    envid: draft.envid,
    verbose: draft.verbose,
  };
  return { is: 'deliver', ...delivery };
}
