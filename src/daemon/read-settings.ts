import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import type { LoadResult } from '../config/load.ts';
import { entryFile } from '../lib/entry-file.ts';
import { decodeLoaded } from './settings-wire.ts';

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
    const reader = spawn(process.execPath, [entryFile('daemon/settings-reader'), file], {
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
