import { expect, test } from 'vitest';
import { submissionSocket } from '../../../src/sendmail/submission-socket.ts';

test.each(['/run/own.sock', 'unix:/run/own.sock'])(
  '$RELAYD_SUBMISSION may be %s',
  async (given) => {
    expect(await submissionSocket(null, { RELAYD_SUBMISSION: given })).toBe('/run/own.sock');
  },
);
