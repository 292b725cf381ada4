import { EX_OK, EX_SOFTWARE, EX_USAGE } from '../lib/sysexits.ts';
import { personalityOf, readCall } from './arguments.ts';
import type { Call } from './command.ts';
import { SubmissionFailure } from './failure.ts';

/*
 * sendmail, mailq, newaliases and exim for programs and people that know no relayd. The launcher
 * gives the name it was called by as the first argument. What only some calls need is loaded by
 * them: most mail is one short message, and somebody waits for it.
 */
const [program = 'sendmail', ...args] = process.argv.slice(2);
const { personality, config, command } = readCall(personalityOf(program), args);

// `mailq | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EX_OK : EX_SOFTWARE);
});

try {
  process.exitCode = await run({ personality, config, command });
} catch (error) {
  if (error instanceof SubmissionFailure) {
    process.stderr.write(`${personality}: ${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`${personality}: internal error, please report it:\n${stack(error)}\n`);
    process.exitCode = EX_SOFTWARE;
  }
}

async function run(call: Call): Promise<number> {
  const { env, stdin, stderr } = process;
  switch (call.command.is) {
    case 'deliver': {
      const [{ submit }, { submissionSocket }, { callerOf }] = await Promise.all([
        import('./submit.ts'),
        import('./submission-socket.ts'),
        import('./caller.ts'),
      ]);
      return submit(call.command, {
        input: stdin,
        socket: () => submissionSocket(config, env),
        caller: callerOf,
        nowMs: () => Date.now(),
        say: (line) => void stderr.write(`${line}\n`),
      });
    }
    case 'dialogue': {
      const { relayDialogue } = await import('./relay-dialogue.ts');
      return relayDialogue(call.config, env);
    }
    case 'wrong':
      stderr.write(`${personality}: ${call.command.message}\n`);
      return EX_USAGE;
    case 'newaliases':
      process.stdout.write(
        'newaliases: nothing to do: relayd reads no /etc/aliases; see `routes` in relay.yaml(5)\n',
      );
      return EX_OK;
    case 'version':
    case 'help': {
      const { helpText, versionText } = await import('./help.ts');
      process.stdout.write(
        call.command.is === 'help' ? helpText(personality) : versionText(call.config, env),
      );
      return EX_OK;
    }
    default: {
      const [{ operate }, { callerOf }] = await Promise.all([
        import('./operate.ts'),
        import('./caller.ts'),
      ]);
      const sender = (ownName: string): string => {
        const { name, domain } = callerOf(ownName);
        return `${name}@${domain}`;
      };
      return operate(call.command, { config: call.config, environment: env, sender });
    }
  }
}

function stack(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
