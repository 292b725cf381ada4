import { execFile } from 'node:child_process';

/** Where and as whom an app submits. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** PEM file of the CA to trust for STARTTLS; null: in clear, on loopback. */
  readonly caFile: string | null;
}

export interface Letter {
  readonly from: string;
  readonly to: readonly string[];
  readonly message: Buffer;
  /** The same as a file. */
  readonly file: string;
}

/** A program that sends mail, used as its users do. */
export interface App {
  readonly name: string;
  /** Submits; resolves with the message it meant when that is not the letter's own. Rejects when it was refused. */
  send(target: Target, letter: Letter): Promise<Buffer | null>;
}

/** Runs a program to its end; rejects with all it said when it fails. */
export function run(command: string, args: readonly string[], input?: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${command}: ${error.message}\n${stdout}${stderr}`));
    });
    child.stdin?.end(input);
  });
}
