import type { Outcome, ReasonClass } from './outcome.ts';

/** Where a message stands in a distributed trace (W3C Trace Context). */
export interface TraceContext {
  /** 32 hex digits, lower case. */
  readonly traceId: string;
  /** 16 hex digits: what our spans hang under. */
  readonly spanId: string;
  /** Whether the spans are wanted; the ids stand in the log all the same. */
  readonly sampled: boolean;
}

/** Of an acceptance. */
export interface AcceptTrace extends TraceContext {
  /** No app began the trace: the acceptance is its root, and `spanId` is its own. */
  readonly begins: boolean;
}

/** Of one transaction with an upstream. */
export interface AttemptTrace extends TraceContext {
  readonly startedAtMs: number;
  /** From the acceptance to its start. */
  readonly waitedMs: number;
  /** 1: the first that counts. */
  readonly attempt: number;
  readonly recipients: number;
  readonly host: string;
  readonly port: number;
  /** Of the recipient that fared worst. */
  readonly outcome: Outcome['kind'] | 'held';
  readonly reason: ReasonClass;
  /** What was said to it. */
  readonly text: string;
}

/** W3C Trace Context section 3.2.2. Null: not a traceparent. */
export function parseTraceparent(text: string): TraceContext | null {
  const [version = '', traceId = '', spanId = '', flags = '', ...more] = text.split('-');
  if (!isHex(version, 2) || version === 'ff' || !isHex(flags, 2)) return null;
  if (!isId(traceId, 32) || !isId(spanId, 16)) return null;
  // Only a later version may have more.
  if (version === '00' && more.length > 0) return null;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const isHex = (text: string, digits: number): boolean =>
  text.length === digits && /^[0-9a-f]+$/.test(text);

const isId = (text: string, digits: number): boolean => isHex(text, digits) && /[^0]/.test(text);

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** For what is said of a message. */
export function tracedAs(message: { readonly trace?: TraceContext }): {
  readonly trace?: TraceContext;
} {
  return message.trace === undefined ? {} : { trace: message.trace };
}
