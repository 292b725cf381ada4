export type OpenProblem =
  | 'in-use' // another daemon works on this directory
  | 'newer' // written by a later relayd
  | 'foreign' // not a database of relayd
  | 'damaged'
  | 'unwritable' // permission, read-only file system, no such directory
  | 'full';

/** The queue cannot be opened. The message says what to do; nothing was changed or deleted. */
export class QueueOpenError extends Error {
  override name = 'QueueOpenError';
  readonly problem: OpenProblem;

  constructor(problem: OpenProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
