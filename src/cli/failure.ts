/** A command that cannot do what it was asked: one line for people, an exit code for scripts. */
export class Failure extends Error {
  override name = 'Failure';
  readonly code: string;
  readonly exitCode: number;

  /** `code` is what --json shows; `exitCode` one of sysexits. */
  constructor(code: string, exitCode: number, message: string) {
    super(message);
    this.code = code;
    this.exitCode = exitCode;
  }
}

export type AnyFailure = Pick<Failure, 'code' | 'exitCode' | 'message'>;

/** A Failure of ours, or a ControlFailure, whose class is loaded only with a connection. */
export function isFailure(error: unknown): error is AnyFailure {
  return error instanceof Failure || (error instanceof Error && error.name === 'ControlFailure');
}

/** By its code: the class lives in a module that is loaded only with a connection. */
export function isNotRunning(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'not-running';
}
