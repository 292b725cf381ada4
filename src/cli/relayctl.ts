import { EX_OK, EX_SOFTWARE } from '../lib/sysexits.ts';
import { processIo } from './io.ts';
import { run } from './program.ts';

// `relayctl queue list | head`: the reader has seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EX_OK : EX_SOFTWARE);
});

try {
  process.exitCode = await run(process.argv.slice(2), processIo());
} catch (error) {
  process.stderr.write(`relayctl: internal error, please report it:\n${stack(error)}\n`);
  process.exitCode = EX_SOFTWARE;
}

function stack(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
