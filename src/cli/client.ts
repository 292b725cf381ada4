import type { Command } from 'commander';
import { EX_OK } from '../lib/sysexits.ts';
import { annotate, type Context, noun, onAction } from './command.ts';

/** `relayctl client ...` */
export function addClient(program: Command, context: Context): void {
  const client = noun(program, 'client', 'help with the clients of relay.yaml');
  const password = client
    .command('password')
    .description('hash a password for `password:` of a client');
  annotate(password, {
    examples: [
      ['client password', 'Asks for the password twice, without showing it.'],
      ['client password < password.txt', 'Takes the first line of a file.'],
    ],
    json: '{password: string}',
  });
  onAction(password, context, async ({ io, print }) => {
    const plain = await io.readPassword();
    const { hashPassword } = await import('../lib/password-hash.ts');
    const hash = await hashPassword(plain);
    print({ password: hash }, () => `${hash}\n`);
    return EX_OK;
  });
}
