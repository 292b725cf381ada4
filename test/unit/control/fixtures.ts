import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ControlHandlers } from '../../../src/control/wire.ts';

/** A directory of the test's own, gone when it has finished. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'relayd-control-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Handlers of which only some are expected to be called. */
export function handlersOf(some: Partial<ControlHandlers>): ControlHandlers {
  return new Proxy(some, {
    get: (target, name: keyof ControlHandlers) =>
      target[name] ??
      (() => {
        throw new Error(`${name} was not expected`);
      }),
  }) as ControlHandlers;
}
