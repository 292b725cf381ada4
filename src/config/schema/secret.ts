import { z } from 'zod';
import { didYouMean } from '../wanted.ts';

/**
 * Where a secret comes from. A string is the secret itself, only in a file that nobody else can
 * read.
 */
const KINDS = {
  env: 'the name of an environment variable',
  file: 'a file name',
  credential: 'the name of a systemd credential',
  command: 'a command as a list of words',
} as const;

const references =
  '{env: NAME}, {file: PATH}, {credential: NAME} or {command: [PROGRAM, ARGUMENT, ...]}';

/** Never repeats what it found: it may be the secret. */
function secretProblem(input: unknown): string {
  if (input === undefined) return `missing; give ${references}`;
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return typeof input === 'number'
      ? `a secret that looks like a number must be in quotes; better: ${references}`
      : `expected a secret: ${references}`;
  }
  const keys = Object.keys(input);
  const unknown = keys.find((key) => !Object.hasOwn(KINDS, key));
  if (unknown !== undefined) {
    const hint = didYouMean(unknown, Object.keys(KINDS));
    return `${JSON.stringify(unknown)} is no kind of secret${hint || `; write ${references}`}`;
  }
  if (keys.length !== 1) return `expected exactly one of ${references}`;
  const kind = keys[0] as keyof typeof KINDS;
  return `expected ${KINDS[kind]} after ${kind}:`;
}

const word = z.string().min(1, { error: 'is empty' });

export const secret = () =>
  z
    .union(
      [
        z.string().meta({ description: 'The secret itself; only with mode 0600 or stricter.' }),
        z.strictObject({
          env: word.regex(/^[^=\0]+$/, { error: 'is not the name of a variable' }),
        }),
        z.strictObject({ file: word }),
        z.strictObject({ credential: word.regex(/^[^/\0]+$/, { error: 'is a name, not a path' }) }),
        z.strictObject({ command: z.array(word).min(1) }),
      ],
      { error: ({ input }) => secretProblem(input) },
    )
    .meta({ examples: [{ env: 'PASSWORD' }, { file: '/etc/relayd/secrets/password' }] });

export type SecretReference = z.output<ReturnType<typeof secret>>;
