import { once } from 'node:events';
import { EX_OK, EX_TEMPFAIL } from '../lib/sysexits.ts';
import { openSocket } from './dialogue.ts';
import { SubmissionFailure } from './failure.ts';
import { submissionSocket } from './submission-socket.ts';

const QUIT = /(?:^|\n)QUIT[ \t]*\r?\n$/i;
const tailLength = 16;

/** -bs: the caller speaks SMTP with relayd itself. Rejects with SubmissionFailure. */
export async function relayDialogue(
  config: string | null,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const path = await submissionSocket(config, environment);
  const socket = await openSocket(path).catch((error: unknown) => {
    // RFC 5321 section 3.8: a client that waits for a greeting is told, too.
    process.stdout.write('421 4.3.2 relayd cannot be reached\r\n');
    throw error;
  });
  let tail = '';
  process.stdin.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('latin1')).slice(-tailLength);
  });
  process.stdin.pipe(socket, { end: false });
  // The daemon drops the replies it still owes to somebody who has hung up: QUIT gets its answer.
  process.stdin.on('end', () => void (QUIT.test(tail) || socket.end()));
  socket.pipe(process.stdout, { end: false });
  try {
    await once(socket, 'close');
  } catch (error) {
    throw new SubmissionFailure(EX_TEMPFAIL, `the session broke off: ${(error as Error).message}`);
  }
  // Whoever keeps our input open has been answered all the same.
  process.stdin.destroy();
  return EX_OK;
}
