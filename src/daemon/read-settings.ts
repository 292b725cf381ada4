import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { LoadResult } from '../config/load.ts';
import { decodeLoaded } from './settings-wire.ts';

/** The reader's file lies beside this one, as source or built. */
const entry = fileURLToPath(new URL('./settings-reader.ts', import.meta.url));
const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/**
 * `loadSettings` in a process of its own: it costs some 30 MiB that V8 would never give back. Never
 * throws: that the process could not run is a problem of the file as well.
 *
 * @param environment of that process; secrets may be in it
 */
export async function readSettings(
  file: string,
  environment: NodeJS.ProcessEnv,
): Promise<LoadResult> {
  try {
    const reader = spawn(process.execPath, [entry.replace(/\.ts$/, extension), file], {
      env: environment,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(reader, 'spawn');
    const [bytes, [code, signal]] = await Promise.all([
      buffer(reader.stdout),
      once(reader, 'close'),
    ]);
    if (code !== 0) throw new Error(`its reader ended with ${code ?? signal}`);
    return decodeLoaded(bytes);
  } catch (error) {
    const message = `cannot read ${file}: ${error instanceof Error ? error.message : error}`;
    const problem = { file, line: 1, column: 1, path: '', message, severity: 'error' } as const;
    return { ok: false, problems: [problem] };
  }
}
