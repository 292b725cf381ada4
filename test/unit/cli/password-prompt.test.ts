import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { readHidden, readLine, readPassword } from '../../../src/cli/password-prompt.ts';

interface Terminal {
  readonly streams: Parameters<typeof readPassword>[0];
  readonly type: (keys: string) => Promise<void>;
  readonly shown: () => string;
  readonly raw: () => boolean;
}

/** Standard input that is a terminal, or not, and what standard error shows. */
function terminal(isTTY: boolean): Terminal {
  const stdin = new PassThrough();
  let raw = false;
  let shown = '';
  const stderr = new PassThrough().on('data', (chunk) => {
    shown += chunk;
  });
  const setRawMode = (mode: boolean): void => {
    raw = mode;
  };
  return {
    streams: { stdin: Object.assign(stdin, { isTTY, setRawMode }), stderr } as never,
    type: async (keys) => {
      stdin.write(keys);
      await new Promise(setImmediate);
    },
    shown: () => shown,
    raw: () => raw,
  };
}

test('a terminal is asked twice, shows nothing typed and is given back', async () => {
  const { streams, type, shown, raw } = terminal(true);
  const password = readPassword(streams);
  expect(raw()).toBe(true);
  await type('gehx\x7feim');
  await type('\r');
  await type('geheim\n');
  expect(await password).toBe('geheim');
  expect(shown()).toBe('Password: \nAgain: \n');
  expect(raw()).toBe(false);
});

test.each([
  ['differ', ['one\r', 'two\r'], 'the two passwords differ'],
  ['are interrupted', ['on\x03'], 'no password was given'],
  ['are empty', ['\r'], 'the password is empty'],
])('passwords that %s are refused', async (_, keys, message) => {
  const { streams, type, raw } = terminal(true);
  const password = expect(readPassword(streams)).rejects.toMatchObject({ exitCode: 65, message });
  for (const piece of keys) await type(piece);
  await password;
  expect(raw()).toBe(false);
});

test.each([
  ['a line', ['gehe', 'im\r\nnext\n'], 'geheim'],
  ['a last line without end', ['geheim'], 'geheim'],
])('otherwise %s of the input is the password', async (_, pieces, expected) => {
  const { streams } = terminal(false);
  const stdin = streams.stdin as unknown as PassThrough;
  for (const piece of pieces) stdin.write(piece);
  stdin.end();
  expect(await readPassword(streams)).toBe(expected);
});

test('an input without end is not read without end', async () => {
  const { streams } = terminal(false);
  (streams.stdin as unknown as PassThrough).write('x'.repeat(5000));
  await expect(readPassword(streams)).rejects.toMatchObject({
    message: 'the password is longer than 1024 bytes',
  });
});

test('a line is asked for once and shown; one that is hidden as well, but not shown', async () => {
  const { streams, type, shown, raw } = terminal(true);
  const line = readLine(streams, 'Name: ');
  expect(raw()).toBe(false);
  await type('  erp');
  await type(' x \n');
  expect(await line).toBe('erp x');
  const hidden = readHidden(streams, 'Password: ');
  expect(raw()).toBe(true);
  await type('geheim\r');
  expect(await hidden).toBe('geheim');
  expect(shown()).toBe('Name: Password: \n');
});

test('an input that ends in place of an answer is an error', async () => {
  const { streams } = terminal(true);
  const line = expect(readLine(streams, 'Name: ')).rejects.toMatchObject({ exitCode: 65 });
  (streams.stdin as unknown as PassThrough).end();
  await line;
});
