import type { Argument, Command, Option } from 'commander';
import { notes } from './command.ts';

/** relayctl(1) in roff, from the command tree alone: the same tree gives the same page. */
export function manPage(program: Command): string {
  const name = program.name();
  return [
    `.\\" Generated from the commands of ${name}; change them instead.`,
    `.TH ${name.toUpperCase()} 1 "" "relayd ${program.version() ?? ''}" "relayd"`,
    '.SH NAME',
    `${name} \\- ${plain(uncapitalized(program.description().replace(/\.$/, '')))}`,
    '.SH SYNOPSIS',
    `.B ${name}`,
    '.RI [ options ]',
    '.I command',
    '.RI [ arguments ]',
    ...DESCRIPTION,
    '.SH OPTIONS',
    'They may stand before or after the command.',
    ...program.options.flatMap(optionLines),
    '.SH COMMANDS',
    ...leaves(program).flatMap((command) => commandLines(command, program)),
    ...EXIT_STATUS,
    ...REST,
    '',
  ].join('\n');
}

const DESCRIPTION = [
  '.SH DESCRIPTION',
  'Asks and instructs a running',
  '.BR relayd (8)',
  'over its control socket. Root and the members of the group',
  '.B relayd',
  'may use it.',
  '.PP',
  'Text of messages and upstreams is printed with control characters escaped. On a terminal tables are cut to its',
  'width, elsewhere nothing is cut. With',
  '.B \\-\\-json',
  'every command prints one line of JSON: instants are milliseconds since 1970, durations milliseconds, sizes bytes.',
  'Keys are added over time and not removed. A failure is then one line',
  '\\fI{error: {code, exitCode, message}}\\fR on standard error.',
];

const EXIT_STATUS = [
  '.SH EXIT STATUS',
  ...[
    [0, 'Done.'],
    [64, 'The command line is wrong.'],
    [65, 'No such message, account or client; what was tested is not in order; nothing to import.'],
    [66, 'A file to import cannot be read.'],
    [
      69,
      'The daemon is not running; an account test failed; a test message bounced; no port is of use.',
    ],
    [70, 'A bug in relayctl or relayd.'],
    [73, 'A file cannot be written, or is there already.'],
    [
      75,
      'Not now: storage full or failing, daemon stopping, test message still waiting, no answer from DNS.',
    ],
    [76, 'The other side is no relayd, or one of another version.'],
    [77, 'No permission.'],
    [78, 'The configuration has errors.'],
  ].flatMap(([code, meaning]) => ['.TP', `.B ${code}`, plain(String(meaning))]),
];

const REST = [
  '.SH ENVIRONMENT',
  '.TP',
  '.B RELAYD_CONFIG',
  'Configuration file, when',
  '.B \\-\\-config',
  'is not given.',
  '.SH FILES',
  '.TP',
  '.I /etc/relayd/relay.yaml',
  'The configuration.',
  '.TP',
  '.I /run/relayd/control.sock',
  'The control socket.',
  '.SH SEE ALSO',
  '.BR relayd (8),',
  '.BR relay.yaml (5)',
];

/** Commands that do something, in the order of the help. */
function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function commandLines(command: Command, program: Command): string[] {
  const given = notes(command);
  const words = [
    ...commandPath(command, program),
    ...command.registeredArguments.map(argumentTerm),
  ];
  return [
    `.SS ${plain(words.join(' '))}`,
    `${plain(capitalized(command.description()))}.`,
    ...command.options.flatMap(optionLines),
    ...(given?.examples ?? []).flatMap(([line, what]) => [
      '.PP',
      `.B ${plain(`relayctl ${line}`)}`,
      '.br',
      plain(what),
    ]),
    ...(given?.json === undefined ? [] : ['.PP', `JSON: \\fI${plain(given.json)}\\fR`]),
  ];
}

function commandPath(command: Command, program: Command): string[] {
  if (command === program || command.parent === null) return [];
  return [...commandPath(command.parent, program), command.name()];
}

function argumentTerm(argument: Argument): string {
  const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`;
  return argument.required ? name : `[${name}]`;
}

function optionLines(option: Option): string[] {
  const value: unknown = option.defaultValue;
  const shown =
    option.defaultValueDescription ?? (typeof value === 'string' ? value : String(value));
  const preset = value === undefined || typeof value === 'boolean' ? '' : ` (default: ${shown})`;
  return [
    '.TP',
    `.B ${plain(option.flags)}`,
    `${plain(capitalized(option.description))}${plain(preset)}.`,
  ];
}

/**
 * Text as roff takes it: no escapes, no request at the start of a line, hyphens that can be copied.
 */
function plain(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function uncapitalized(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
