import { basename } from 'node:path';
import type { ConfigDocument, PathPart, Side } from './document.ts';

/** Something wrong with relay.yaml, and where. Errors keep it from being used, warnings do not. */
export interface Problem {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** `accounts.gmail.tls.mode`, empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

/** `relay.yaml:12:5: accounts.gmail.hots: unknown key; did you mean "host"?` */
export function formatProblem(problem: Problem): string {
  const place = `${basename(problem.file)}:${problem.line}:${problem.column}`;
  const severity = problem.severity === 'warning' ? 'warning: ' : '';
  const path = problem.path === '' ? '' : `${problem.path}: `;
  return `${place}: ${severity}${path}${problem.message}`;
}

/** `routes[0].accounts[1]`; a name with dots in it is quoted. */
export function formatPath(path: readonly PathPart[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else if (/^[\w@+-]+$/.test(part)) text += text === '' ? part : `.${part}`;
    else text += `${text === '' ? '' : '.'}${JSON.stringify(part)}`;
  }
  return text;
}

/** Collects problems of one file; every check adds to it and goes on. */
export interface Report {
  error(path: readonly PathPart[], message: string, side?: Side): void;
  warn(path: readonly PathPart[], message: string, side?: Side): void;
  /** Errors and warnings in the order of the file. */
  problems(): Problem[];
}

export function createReport(document: ConfigDocument): Report {
  const problems: Problem[] = [];
  const add =
    (severity: Problem['severity']) =>
    (path: readonly PathPart[], message: string, side: Side = 'value'): void => {
      const { line, column } = document.placeOf(path, side);
      problems.push({
        file: document.file,
        line,
        column,
        path: formatPath(path),
        message,
        severity,
      });
    };
  return {
    error: add('error'),
    warn: add('warning'),
    problems: () => problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
  };
}
