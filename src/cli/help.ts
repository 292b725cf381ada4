import type { Command } from 'commander';
import { EX_OK, EX_USAGE } from '../lib/sysexits.ts';
import { annotate, type Context, onAction } from './command.ts';
import { Failure } from './failure.ts';
import { topicList, topicNames, topicText } from './topics.ts';

/** `relayctl help [COMMAND...]` and `relayctl help TOPIC`. */
export function addHelp(program: Command, context: Context): void {
  const help = program
    .command('help')
    .description('explain a command, or one of the topics that several commands share')
    .argument('[topic...]', 'a command, or a topic');
  annotate(help, {
    examples: [
      ['help queue flush', 'The same as queue flush --help.'],
      ['help states', 'What waiting, in doubt and held mean.'],
    ],
    json: 'string',
  });
  program.addHelpText('after', topicList());
  onAction(help, context, async ({ args, print }) => {
    const words = (args[0] as readonly string[] | undefined) ?? [];
    const text = helpFor(program, words);
    print(text, () => text);
    return EX_OK;
  });
}

function helpFor(program: Command, words: readonly string[]): string {
  const [first] = words;
  const topic = words.length === 1 && first !== undefined ? topicText(first) : null;
  if (topic !== null) return topic;
  let command = program;
  for (const word of words) {
    const sub = command.commands.find((candidate) => candidate.name() === word);
    if (sub === undefined) {
      const text = `there is no command or topic \`${words.join(' ')}\`; topics: ${topicNames().join(', ')}`;
      throw new Failure('usage', EX_USAGE, text);
    }
    command = sub;
  }
  let shown = '';
  command.configureOutput({
    ...command.configureOutput(),
    writeOut: (text) => {
      shown += text;
    },
  });
  command.outputHelp();
  return shown;
}
