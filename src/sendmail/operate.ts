import { Failure } from '../cli/failure.ts';
import { socketPath } from '../cli/socket-path.ts';
import { ControlFailure, connectControl } from '../control/client.ts';
import { EX_OK, EX_TEMPFAIL } from '../lib/sysexits.ts';
import { act, run } from './acts.ts';
import type { Desk, Question } from './desk.ts';
import { SubmissionFailure } from './failure.ts';
import { optionLines } from './option-lines.ts';
import { queueEntry } from './queue-lines.ts';
import { queueRows } from './queue-rows.ts';
import { showRoutes } from './route-lines.ts';
import { show } from './show.ts';

/** Returns the exit code; rejects with SubmissionFailure when the daemon cannot be asked. */
export async function operate(
  question: Question,
  location: {
    readonly config: string | null;
    readonly environment: Readonly<Record<string, string | undefined>>;
    readonly sender: (ownName: string) => string;
  },
): Promise<number> {
  const { config, environment, sender } = location;
  try {
    const path = await socketPath({ config: config ?? undefined }, environment);
    const connection = await connectControl(path);
    try {
      return await answer(question, {
        ask: (request, ask, onPart) => connection.call(request, ask, onPart),
        out: (text) => void process.stdout.write(text),
        err: (text) => void process.stderr.write(text),
        nowMs: Date.now(),
        sender,
      });
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof Failure) throw new SubmissionFailure(error.exitCode, error.message);
    if (!(error instanceof ControlFailure)) throw error;
    // As for a message: who calls again later may find it running.
    const exitCode = error.code === 'not-running' ? EX_TEMPFAIL : error.exitCode;
    throw new SubmissionFailure(exitCode, error.message);
  }
}

export async function answer(question: Question, desk: Desk): Promise<number> {
  switch (question.is) {
    case 'list':
      for await (const row of queueRows(desk)) {
        desk.out(queueEntry(row, { nowMs: desk.nowMs, ...question }));
      }
      return EX_OK;
    case 'count': {
      let count = 0;
      for await (const _ of queueRows(desk)) count += 1;
      desk.out(`${count}\n`);
      return EX_OK;
    }
    case 'run':
      return run(question, desk);
    case 'act':
      return act(question, desk);
    case 'show':
      return show(question, desk);
    case 'route':
      return showRoutes(question, desk);
    case 'options':
      return optionLines(question.names, desk);
  }
}
