import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { formatDuration } from '../lib/duration.ts';
import type { Account } from '../relay/account.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import { causeOfError, interrupted, networkCause } from './fault.ts';
import { tlsOptions } from './tls.ts';

/**
 * Names of one host may have several addresses; each gets this long before the next is tried beside
 * it.
 */
const addressAttemptMs = 2_000;

export type Dialled<S> = { readonly socket: S } | { readonly cause: Cause };

/**
 * Resolves the host (as the system does, so /etc/hosts counts) and connects. `signal` ends it
 * early.
 */
export async function dial(account: Account, signal: AbortSignal): Promise<Dialled<Socket>> {
  if (signal.aborted) return { cause: interrupted };
  let socket: Socket;
  try {
    socket = connectTo(account);
  } catch (error) {
    // An address or port that Node refuses to try.
    if (!(error instanceof Error)) throw error;
    return { cause: causeOfError(error, 'connect') };
  }
  const { connectMs } = account.timeouts;
  return await settled(socket, { event: 'connect', timeoutMs: connectMs, signal });
}

function connectTo({ host, port, sourceAddress }: Account): Socket {
  const from =
    sourceAddress === null
      ? { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: addressAttemptMs }
      : { autoSelectFamily: false, localAddress: sourceAddress, family: isIP(sourceAddress) };
  return connect({ host, port, noDelay: true, keepAlive: true, ...from });
}

/** The TLS handshake of mode `implicit`. What the certificate is worth is judged afterwards. */
export async function handshake(
  account: Account,
  socket: Socket,
  signal: AbortSignal,
): Promise<Dialled<TLSSocket>> {
  const secured = connectTls({ ...tlsOptions(account.tls), socket });
  const { connectMs } = account.timeouts;
  return await settled(secured, { event: 'secureConnect', timeoutMs: connectMs, signal });
}

interface Wait {
  readonly event: 'connect' | 'secureConnect';
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

function settled<S extends Socket>(socket: S, wait: Wait): Promise<Dialled<S>> {
  const phase: Phase = 'connect';
  return new Promise((resolve) => {
    const end = (result: Dialled<S>): void => {
      clearTimeout(timer);
      wait.signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners(wait.event).removeAllListeners('close');
      if ('cause' in result) {
        socket.on('error', ignoreLateError).destroy();
      } else {
        socket.removeListener('error', onError);
      }
      resolve(result);
    };
    const onError = (error: Error): void => end({ cause: causeOfError(error, phase) });
    const onAbort = (): void => end({ cause: interrupted });
    const timer = setTimeout(() => {
      const what = wait.event === 'connect' ? 'no connection' : 'no end of the TLS handshake';
      const detail = `${what} within ${formatDuration(wait.timeoutMs)}`;
      end({ cause: networkCause(phase, 'timeout', detail) });
    }, wait.timeoutMs);
    wait.signal.addEventListener('abort', onAbort);
    socket.on('error', onError);
    socket.once('close', () => {
      end({ cause: networkCause(phase, 'reset', 'closed during the TLS handshake') });
    });
    socket.once(wait.event, () => end({ socket }));
  });
}

/** A socket that was given up may still report how it died; its cause is already known. */
function ignoreLateError(): void {}
