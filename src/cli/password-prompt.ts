import type { ReadStream } from 'node:tty';
import { EX_DATAERR } from '../lib/sysexits.ts';
import { Failure } from './failure.ts';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

const passwordBytesMax = 1024;

/**
 * A password: from a terminal asked for twice and not shown, else the first line of the input.
 * Prompts go to standard error, so that the output can be piped. Rejects with Failure.
 */
export async function readPassword({ stdin, stderr }: Streams): Promise<string> {
  if (!stdin.isTTY) return checked(await firstLine(stdin));
  const password = checked(await prompt(stdin, stderr, 'Password: '));
  if ((await prompt(stdin, stderr, 'Again: ')) !== password) {
    throw new Failure('data', EX_DATAERR, 'the two passwords differ');
  }
  return password;
}

/** Asks a terminal once, and shows nothing typed. Rejects with Failure. */
export async function readHidden(streams: Streams, question: string): Promise<string> {
  return checked(await prompt(streams.stdin, streams.stderr, question));
}

/** Asks a terminal and gives the line typed, without white space around it. Rejects with Failure. */
export async function readLine({ stdin, stderr }: Streams, question: string): Promise<string> {
  stderr.write(question);
  stdin.setEncoding('utf8');
  stdin.resume();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let typed = '';
  const onText = (text: string): void => {
    typed += text;
    if (typed.includes('\n') || typed.length > lineCharactersMax)
      resolve(typed.split('\n', 1)[0] ?? '');
  };
  const onEnd = (): void => reject(new Failure('interrupted', EX_DATAERR, 'the input ended'));
  stdin.on('data', onText).once('end', onEnd);
  try {
    return (await promise).trim();
  } finally {
    stdin.off('data', onText).off('end', onEnd).pause();
  }
}

const lineCharactersMax = 4096;

function checked(password: string): string {
  if (password === '') throw new Failure('data', EX_DATAERR, 'the password is empty');
  if (Buffer.byteLength(password) > passwordBytesMax) {
    const text = `the password is longer than ${passwordBytesMax} bytes`;
    throw new Failure('data', EX_DATAERR, text);
  }
  return password;
}

async function firstLine(stdin: NodeJS.ReadStream): Promise<string> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) {
    text += chunk;
    if (text.includes('\n') || text.length > passwordBytesMax) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** Reads one line from a terminal in raw mode, where it echoes nothing. */
function prompt(stdin: ReadStream, stderr: NodeJS.WriteStream, question: string): Promise<string> {
  // First, so that nothing is shown of what a quick hand types.
  stdin.setRawMode(true);
  stderr.write(question);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed = '';
    const finish = (end: () => void): void => {
      stdin.off('data', onKeys);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      end();
    };
    const onKeys = (keys: string): void => {
      for (const key of keys) {
        if (key === '\r' || key === '\n' || key === END_OF_INPUT) {
          finish(() => resolve(typed));
          return;
        }
        if (key === INTERRUPT) {
          finish(() => reject(new Failure('interrupted', EX_DATAERR, 'no password was given')));
          return;
        }
        typed = key === '\x7f' || key === '\b' ? [...typed].slice(0, -1).join('') : typed + key;
      }
    };
    stdin.on('data', onKeys);
  });
}

/** Ctrl-C and Ctrl-D: in raw mode they are characters like others. */
const INTERRUPT = '\x03';
const END_OF_INPUT = '\x04';
