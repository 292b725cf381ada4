/** The call failed: one line for people and an exit code of sysexits. */
export class SubmissionFailure extends Error {
  override name = 'SubmissionFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
