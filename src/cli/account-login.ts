import type { Command } from 'commander';
import { printable } from '../lib/printable.ts';
import { EX_OK } from '../lib/sysexits.ts';
import type { DeviceCode } from '../relay/device-login.ts';
import { annotate, type Context, onAction } from './command.ts';
import { until } from './words.ts';

/** `relayctl account login` */
export function addLogin(account: Command, context: Context): void {
  const login = account
    .command('login')
    .description('log an account in with OAuth 2.0, by a code to be entered in a browser')
    .argument('<name>', 'account of relay.yaml');
  annotate(login, {
    examples: [
      [
        'account login m365',
        'Shows an address and a code, and waits until somebody has consented.',
      ],
    ],
    json: '{is: "done"}; address and code go to standard error',
  });
  onAction(login, context, async ({ args, ask, io, print }) => {
    const name = String(args[0]);
    const code = await ask('account.login', { name });
    // Whoever reads the output by a program has to see them, too.
    io.err(instructions(name, code, io.nowMs()));
    let { waitMs } = code;
    for (;;) {
      await io.pause(waitMs);
      const progress = await ask('account.login-progress', { name });
      if (progress.is === 'done') {
        print(progress, () => done(name));
        return EX_OK;
      }
      waitMs = progress.waitMs;
    }
  });
}

function instructions(name: string, code: DeviceCode, nowMs: number): string {
  const { url, userCode, completeUrl, expiresAtMs } = code;
  const direct = completeUrl === null ? '' : `  or directly: ${printable(completeUrl)}\n`;
  return (
    `To log in ${printable(name)}, open in a browser\n` +
    `  ${printable(url)}\n` +
    `and enter the code\n` +
    `  ${printable(userCode)}\n` +
    direct +
    `as the mailbox that sends. The code ends ${until(expiresAtMs, nowMs)}. Waiting ...\n`
  );
}

function done(name: string): string {
  const shown = printable(name);
  return (
    `Account ${shown} is logged in; its mail goes on. ` +
    `\`relayctl account test ${shown}\` shows whether the upstream takes it.\n`
  );
}
