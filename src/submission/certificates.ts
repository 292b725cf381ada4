import { readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { ListenerSettings } from '../relay/settings.ts';

/** PEM texts that belong together. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads a listener's certificate and key. Null without TLS; throws when they cannot be used
 * together.
 */
export function readKeyPair(listener: ListenerSettings): KeyPair | null {
  const { certificate, key } = listener;
  if (listener.tls === 'none' || certificate === null || key === null) return null;
  const pair = { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  createSecureContext(pair);
  return pair;
}

/**
 * Calls `onChange` some time after the files changed, were replaced, or a link on the way to them
 * was. The directories are watched: a watch on a file ends when the file is replaced. Returns how
 * to stop it.
 */
export function watchKeyPair(
  listener: ListenerSettings,
  settleMs: number,
  onChange: () => void,
): () => void {
  const files = [listener.certificate, listener.key].filter((file) => file !== null);
  let timer: NodeJS.Timeout | null = null;
  const soon = (): void => {
    clearTimeout(timer ?? undefined);
    timer = setTimeout(onChange, settleMs);
    timer.unref();
  };
  const names = new Set(files.map((file) => basename(file)));
  const watchers = [...new Set(files.map((file) => dirname(file)))].map((directory) =>
    watch(directory, { persistent: false }, (_, name) => {
      // A name we do not know may be the link behind ours (Kubernetes' `..data`).
      if (name === null || names.has(name) || name.startsWith('..')) soon();
    }),
  );
  return () => {
    clearTimeout(timer ?? undefined);
    for (const watcher of watchers) watcher.close();
  };
}
