import { cut } from '../lib/printable.ts';
import { parseReply } from '../mail/reply.ts';
import type { Cause, NetworkFault, Phase } from '../relay/outcome.ts';
import { StoreError } from '../relay/ports.ts';

/** Node's, OpenSSL's and the library's codes by what they mean for us. */
const FAULT_OF: Readonly<Record<string, NetworkFault>> = {
  ENOTFOUND: 'resolve',
  EAI_AGAIN: 'resolve',
  EAI_FAIL: 'resolve',
  EDNS: 'resolve',
  ECONNREFUSED: 'refused',
  ETIMEDOUT: 'timeout',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ECONNECTION: 'reset',
  ERR_STREAM_DESTROYED: 'reset',
  EPROTOCOL: 'protocol',
  ETLS: 'tls',
  EPROTO: 'tls',
};

/**
 * The fields of an error that say what happened; nodemailer moves a system code to `originalCode`.
 */
interface CodedError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly response?: string;
  readonly errors?: readonly Error[];
}

/**
 * An error of a socket, of TLS or of the library as a cause. A 4xx or 5xx that came with it is the
 * peer's own word and wins over whatever the library made of it.
 */
export function causeOfError(error: Error, phase: Phase): Cause {
  const coded: CodedError = error;
  const reply = coded.response === undefined ? null : parseReply(coded.response);
  if (reply !== null && reply.code >= 400) return { from: 'peer', phase, reply };
  return networkCause(phase, networkFaultOf(coded), detailOf(coded));
}

export function networkCause(phase: Phase, fault: NetworkFault, detail: string): Cause {
  return { from: 'network', phase, fault, detail };
}

/** We end it ourselves; says nothing about the upstream. */
export const interrupted: Cause = {
  from: 'us',
  reason: 'interrupted',
  detail: 'the relay is stopping',
};

function networkFaultOf(error: CodedError): NetworkFault {
  for (const code of [error.originalCode, error.code]) {
    if (code === undefined) continue;
    const fault = FAULT_OF[code];
    if (fault !== undefined) return fault;
    if (/^ERR_(?:SSL|TLS|OSSL)/.test(code)) return 'tls';
  }
  return 'other';
}

/** Of several addresses tried, each has its own error and the outer one has no text. */
function detailOf(error: CodedError): string {
  const texts = error.errors?.map((one) => one.message) ?? [error.message];
  const text = [...new Set(texts)].join('; ').replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ');
  return cut(text, 500);
}

/** An answer that does not belong to what was asked. */
export const outOfStep = (phase: Phase): Cause =>
  networkCause(phase, 'protocol', 'an answer to nothing that was asked');

/** What to say of a step before the final dot that our own storage could not take; null: it did. */
export function storageFaultOf(step: () => void): Cause | null {
  try {
    step();
    return null;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return networkCause('data', 'other', `not sent, our storage failed: ${error.message}`);
  }
}
