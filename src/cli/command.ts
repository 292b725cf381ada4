import type { Command } from 'commander';
import type { ControlConnection } from '../control/client.ts';
import type { Answer, Ask, Part, RequestName, StreamName } from '../control/wire.ts';
import type { Io } from './io.ts';
import { type Location, socketPath } from './socket-path.ts';
import { jsonLine } from './text.ts';

/** What one run of relayctl shares between its commands. */
export interface Context {
  readonly io: Io;
  exitCode: number;
}

/** One invoked command. */
export interface Invocation {
  readonly io: Io;
  readonly location: Location;
  /** As declared: a string, undefined when optional and absent, a list when variadic. */
  readonly args: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * Asks the daemon; the connection is made at the first request and kept. Rejects with
   * ControlFailure.
   */
  ask<Name extends RequestName>(request: Name, ask: Ask<Name>): Promise<Answer<Name>>;
  /** The same for an answer in parts; `withinMs`: how long the daemon may be silent. */
  follow<Name extends StreamName>(
    request: Name,
    ask: Ask<Name>,
    on: { readonly withinMs: number; readonly part: (part: Part<Name>) => void },
  ): Promise<Answer<Name>>;
  /** Whether --json was given. */
  readonly json: boolean;
  /** Prints the value as one line of JSON with --json, else what `render` makes of it. */
  print(value: unknown, render: () => string): void;
}

/** Examples and the shape of the --json output, for --help and the man page. */
export interface Notes {
  /** Command lines without `relayctl`, each with what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** What --json prints, in the notation of TypeScript. */
  readonly json?: string;
}

const notesOf = new WeakMap<Command, Notes>();

export function notes(command: Command): Notes | undefined {
  return notesOf.get(command);
}

/** Gives a command its examples. */
export function annotate(command: Command, given: Notes): Command {
  notesOf.set(command, given);
  const lines = given.examples.map(([line, what]) => `  relayctl ${line}\n      ${what}\n`);
  const json = given.json === undefined ? '' : `\nWith --json:\n  ${given.json}\n`;
  return command.addHelpText('after', `\nExamples:\n${lines.join('')}${json}`);
}

/** A command that only groups others. */
export function noun(program: Command, name: string, description: string): Command {
  return program.command(name).description(description).helpCommand(false);
}

/** Gives a command its work; `run` returns the exit code. */
export function onAction(
  command: Command,
  context: Context,
  run: (invocation: Invocation) => Promise<number>,
): void {
  command.action(async () => {
    const globals = command.optsWithGlobals<Location & { json?: boolean }>();
    const { io } = context;
    let connection: ControlConnection | null = null;
    const connected = async (): Promise<ControlConnection> => {
      connection ??= await io.connect(await socketPath(globals, io.environment));
      return connection;
    };
    const invocation: Invocation = {
      io,
      json: globals.json === true,
      location: globals,
      args: command.processedArgs,
      options: command.opts(),
      ask: async (request, ask) => (await connected()).call(request, ask),
      follow: async (request, ask, on) => (await connected()).follow(request, ask, on),
      print: (value, render) => io.out(globals.json === true ? jsonLine(value) : render()),
    };
    try {
      context.exitCode = await run(invocation);
    } finally {
      // The compiler cannot see that `ask` may have assigned it.
      (connection as ControlConnection | null)?.close();
    }
  });
}
