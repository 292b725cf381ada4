import type { ServerResponse } from 'node:http';

/** Sends everybody who looks on the same news; nothing is computed while nobody does. */
export interface Live {
  /** False: there are too many already. `allowed`: asked before every frame; false ends it. */
  attach(response: ServerResponse, allowed: () => boolean): boolean;
  close(): void;
}

export interface LiveOptions {
  /** One event with its empty line; null: nothing new. */
  readonly frame: () => Promise<string | null>;
  readonly everyMs?: number;
}

/** Each holds one of the server's connections; scrapers and pages need some, too. */
export const listenersMax = 24;
/** A reader that has left so much unread is dropped; its browser asks again by itself. */
const unreadBytesMax = 512 * 1024;
const usualEveryMs = 2_000;

interface Listener {
  readonly response: ServerResponse;
  readonly allowed: () => boolean;
}

export function openLive({ frame, everyMs = usualEveryMs }: LiveOptions): Live {
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  const tick = async (): Promise<void> => {
    if (running) return;
    running = true;
    // A comment keeps proxies from taking the silence for the end.
    const text =
      (await frame().finally(() => {
        running = false;
      })) ?? ':\n\n';
    for (const listener of listeners) give(listener, text);
  };
  const give = ({ response, allowed }: Listener, text: string): void => {
    if (!allowed()) response.end();
    else if (response.writableLength > unreadBytesMax) response.destroy();
    else response.write(text);
  };

  return {
    attach(response, allowed) {
      if (listeners.size >= listenersMax) return false;
      const listener = { response, allowed };
      listeners.add(listener);
      timer ??= setInterval(() => void tick(), everyMs).unref();
      response.once('close', () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      });
      response.write('retry: 3000\n\n');
      void tick();
      return true;
    },
    close() {
      clearInterval(timer);
      for (const { response } of listeners) response.destroy();
      listeners.clear();
    },
  };
}
