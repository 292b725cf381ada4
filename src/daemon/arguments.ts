import { parseArgs } from 'node:util';

export type Command =
  | { readonly is: 'run'; readonly config: string; readonly log: string | null }
  | { readonly is: 'check'; readonly config: string }
  | { readonly is: 'preflight'; readonly config: string }
  | { readonly is: 'version' }
  | { readonly is: 'help' }
  | { readonly is: 'wrong'; readonly message: string };

export const defaultConfigFile = '/etc/relayd/relay.yaml';

export const USAGE = `relayd - a self-hosted SMTP relay

Usage: relayd [--config FILE] [--log FILE] [--check | --preflight]

  --config FILE  configuration (default: $RELAYD_CONFIG, else ${defaultConfigFile})
  --log FILE     write the log to this file, not to standard output; SIGUSR1 opens it anew
  --check        validate the configuration, print every problem, exit 0 or 78
  --preflight    --check with the environment on stdin, then try the queue's migrations on a copy
  --version      print the version
  --help         print this

Runs in the foreground and writes events to standard output or to FILE, one line each.
SIGHUP reloads the configuration, SIGTERM drains and stops.
`;

/** Reads the command line of relayd; `environment` gives RELAYD_CONFIG. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const options = {
    config: { type: 'string' },
    log: { type: 'string' },
    check: { type: 'boolean' },
    preflight: { type: 'boolean' },
    version: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options, allowPositionals: false });
    if (values.help === true) return { is: 'help' };
    if (values.version === true) return { is: 'version' };
    const config = values.config ?? environment.RELAYD_CONFIG ?? defaultConfigFile;
    if (values.check === true) return { is: 'check', config };
    if (values.preflight === true) return { is: 'preflight', config };
    return { is: 'run', config, log: values.log ?? null };
  } catch (error) {
    return { is: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
}
