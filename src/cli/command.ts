import type { Command } from 'commander';
import type { ControlConnection } from '../control/client.ts';
import type { Answer, Ask, Part, RequestName } from '../control/wire.ts';
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
  /** --json is given. */
  readonly json: boolean;
  /**
   * Asks the daemon; the connection is made at the first request and kept. Rejects with
   * ControlFailure.
   */
  ask<Name extends RequestName>(
    request: Name,
    ask: Ask<Name>,
    onPart?: (part: Part<Name>) => Promise<void> | void,
    /** How long the daemon may be silent; default: as for every answer. */
    withinMs?: number,
  ): Promise<Answer<Name>>;
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
    const invocation: Invocation = {
      io,
      location: globals,
      args: command.processedArgs,
      options: command.opts(),
      json: globals.json === true,
      async ask(request, ask, onPart, withinMs) {
        connection ??= await io.connect(await socketPath(globals, io.environment));
        return connection.call(request, ask, onPart, withinMs);
      },
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
