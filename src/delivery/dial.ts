import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { domainToASCII } from 'node:url';
import { formatDuration } from '../lib/duration.ts';
import { type Account, type ProxyServer, proxyName } from '../relay/account.ts';
import type { Cause, Phase } from '../relay/outcome.ts';
import { causeOfError, interrupted, networkCause } from './fault.ts';
import { tlsOptions } from './tls.ts';
import { openTunnel } from './tunnel.ts';

/**
 * Names of one host may have several addresses; each gets this long before the next is tried beside
 * it.
 */
const addressAttemptMs = 2_000;

export type Dialled<S> = { readonly socket: S } | { readonly cause: Cause };

/** A way to the account's upstream, through its proxy where it has one. `signal` ends it early. */
export async function dial(account: Account, signal: AbortSignal): Promise<Dialled<Socket>> {
  const { proxy, timeouts } = account;
  if (proxy === null) return await reach(account, account, signal);
  const reached = await reach(account, proxy, signal);
  if ('cause' in reached) return { cause: ofProxy(proxy, reached.cause) };
  const { socket } = reached;
  const cause = await openTunnel(socket, proxy, {
    target: { host: domainToASCII(account.host) || account.host, port: account.port },
    timeoutMs: timeouts.connectMs,
    signal,
  });
  if (cause === null) return { socket };
  socket.on('error', ignoreLateError).destroy();
  return { cause: ofProxy(proxy, cause) };
}

/**
 * Resolves the host (as the system does, so /etc/hosts counts) and connects.
 */
async function reach(
  account: Account,
  peer: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Dialled<Socket>> {
  if (signal.aborted) return { cause: interrupted };
  let socket: Socket;
  try {
    socket = connectTo(peer, account.sourceAddress);
  } catch (error) {
    // An address or port that Node refuses to try.
    if (!(error instanceof Error)) throw error;
    return { cause: causeOfError(error, 'connect') };
  }
  const { connectMs } = account.timeouts;
  return await settled(socket, { event: 'connect', timeoutMs: connectMs, signal });
}

function connectTo(
  { host, port }: { readonly host: string; readonly port: number },
  sourceAddress: string | null,
): Socket {
  const from =
    sourceAddress === null
      ? { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: addressAttemptMs }
      : { autoSelectFamily: false, localAddress: sourceAddress, family: isIP(sourceAddress) };
  return connect({ host, port, noDelay: true, keepAlive: true, ...from });
}

/** Whoever reads it must not look for the fault at the upstream. */
function ofProxy(proxy: ProxyServer, cause: Cause): Cause {
  if (cause.from !== 'network') return cause;
  return { ...cause, detail: `proxy ${proxyName(proxy)}: ${cause.detail}` };
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
