export type ListKind = 'domain' | 'address' | 'host' | 'local_part';

/** The words that an expansion may use. */
export interface Scope {
  /** Null: not known here. */
  variable(name: string): string | null;
  /** The value of a key; null when it is not there. Throws Unsupported for other kinds of lookup. */
  lookup(type: string, key: string, file: string): string | null;
  read(path: string): string | null;
  /** Whether a list with named lists and patterns takes the subject. */
  inList(kind: ListKind, subject: string, list: string): boolean;
}

/** `fail` was reached: the option counts as absent. */
export class ForcedFailure extends Error {
  override name = 'ForcedFailure';
}

/** The text is a reason for people. */
export class Unsupported extends Error {
  override name = 'Unsupported';
}
