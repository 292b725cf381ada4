import { Argument, type Command, type Option } from 'commander';
import { EX_OK } from '../lib/sysexits.ts';
import { STATS_KEYS } from '../policy/sending-stats.ts';
import { REASON_CLASSES } from '../relay/outcome.ts';
import { QUEUE_GROUP_KEYS } from '../relay/queue-views.ts';
import { annotate, type Context, type Invocation, onAction } from './command.ts';
import { completionScript, SHELLS, type Shell } from './completion-script.ts';
import { isFailure } from './failure.ts';
import { RECIPIENT_STATES } from './queue-filter.ts';
import { topicNames } from './topics.ts';

/** Ids offered at most: a longer list helps nobody who types. */
const idsMax = 100;

/** `relayctl completion SHELL`, and the hidden `relayctl complete` that its scripts ask. */
export function addCompletion(program: Command, context: Context): void {
  const completion = program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS));
  annotate(completion, {
    examples: [
      ['completion bash > /etc/bash_completion.d/relayctl', 'For all users of bash.'],
      ['completion fish > ~/.config/fish/completions/relayctl.fish', 'For one user of fish.'],
    ],
    json: 'string',
  });
  onAction(completion, context, async ({ args, print }) => {
    const script = completionScript(args[0] as Shell);
    print(script, () => script);
    return EX_OK;
  });
  const complete = program
    .command('complete', { hidden: true })
    .description('print what may come next, one word a line; asked by the completion scripts')
    .argument('[words...]', 'what was typed so far; the last one is to be completed')
    .helpOption(false);
  annotate(complete, { examples: [["complete queue ''", 'What follows.']], json: 'string[]' });
  onAction(complete, context, async (invocation) => {
    const typed = (invocation.args[0] as readonly string[] | undefined) ?? [];
    const words = await candidates(program, typed, invocation);
    invocation.print(words, () => words.map((word) => `${word}\n`).join(''));
    return EX_OK;
  });
}

/** Where a command line stands: the command reached, and what its next word is. */
interface Place {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly option: Option | null;
  /** Arguments of the command given so far. */
  readonly given: number;
}

async function candidates(
  program: Command,
  typed: readonly string[],
  invocation: Invocation,
): Promise<string[]> {
  const word = typed.at(-1) ?? '';
  const place = reached(program, typed.slice(0, -1));
  const words = await nextWords(place, word, invocation);
  return words.filter((candidate) => candidate.startsWith(word)).toSorted();
}

function reached(program: Command, words: readonly string[]): Place {
  let place: Place = { command: program, option: null, given: 0 };
  for (const word of words) place = after(place, word);
  return place;
}

function after({ command, option, given }: Place, word: string): Place {
  if (option !== null) return { command, option: null, given };
  if (word.startsWith('-')) {
    const found = optionsOf(command).find(({ long, short }) => long === word || short === word);
    return { command, option: found?.required === true ? found : null, given };
  }
  const sub = command.commands.find((candidate) => candidate.name() === word);
  return sub === undefined
    ? { command, option: null, given: given + 1 }
    : { command: sub, option: null, given: 0 };
}

/** Its own, and those that may stand anywhere. */
function optionsOf(command: Command): readonly Option[] {
  return command.parent === null
    ? command.options
    : [...command.options, ...optionsOf(command.parent)];
}

async function nextWords(
  { command, option, given }: Place,
  word: string,
  invocation: Invocation,
): Promise<readonly string[]> {
  if (option !== null) {
    return option.argChoices ?? valuesOf(option.attributeName(), command, invocation);
  }
  if (word.startsWith('-')) return optionsOf(command).flatMap(({ long }) => long ?? []);
  if (command.commands.length > 0) {
    if (given > 0) return [];
    return command
      .createHelp()
      .visibleCommands(command)
      .map((sub) => sub.name());
  }
  const declared = command.registeredArguments;
  const argument = declared[Math.min(given, declared.length - 1)];
  if (argument === undefined || (given >= declared.length && !argument.variadic)) return [];
  return argument.argChoices ?? valuesOf(argument.name(), command, invocation);
}

/** What can stand for a value of this name; nothing where only the user knows, or the daemon is down. */
async function valuesOf(
  name: string,
  command: Command,
  invocation: Invocation,
): Promise<readonly string[]> {
  const group = command.parent?.name();
  const meant = name === 'to' && command.name() === 'reroute' ? 'account' : name;
  const kind = meant === 'name' && group !== undefined ? group : meant;
  switch (kind) {
    case 'state':
      return RECIPIENT_STATES;
    case 'by':
      return group === 'queue' ? QUEUE_GROUP_KEYS : STATS_KEYS;
    case 'reason':
      // On the command line of hold and bounce it is a sentence.
      return ['hold', 'bounce'].includes(command.name()) ? [] : REASON_CLASSES;
    case 'provider':
      // The presets bring the whole schema along; nothing else here needs it.
      return (await import('../config/presets.ts')).presetNames();
    case 'topic':
      return topicNames();
    case 'account':
      return fromDaemon(async () =>
        (await invocation.ask('account.list', {})).accounts.map((account) => account.name),
      );
    case 'client':
      return fromDaemon(async () => {
        const { clients } = (await invocation.ask('config.show', {})).settings;
        return Object.keys((clients ?? {}) as object);
      });
    case 'id':
    case 'after':
    case 'before':
      return fromDaemon(async () => {
        const all = { filter: {}, after: null, limit: idsMax };
        return (await invocation.ask('queue.list', all)).rows.map(({ message }) => message.id);
      });
    default:
      return [];
  }
}

/** Whoever presses a key wants words or silence, not an error. */
async function fromDaemon(read: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await read();
  } catch (error) {
    if (isFailure(error)) return [];
    throw error;
  }
}
