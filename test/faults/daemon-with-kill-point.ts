/**
 * relayd that kills itself with SIGKILL when it comes to a given point for the nth time.
 *
 *   node test/faults/daemon-with-kill-point.ts CONFIG POINT NTH
 */
import { loadSettings } from '../../src/config/load.ts';
import { createDaemon } from '../../src/daemon/daemon.ts';
import { openLogLevel } from '../../src/daemon/log-level.ts';
import { openLog } from '../../src/observe/log.ts';
import { openDotLedger } from '../../src/queue/dot-ledger.ts';
import { openRemoteStore } from '../../src/threads/remote-store.ts';
import type { KillPoint } from './kill-points.ts';

const [config = '', point = '', nth = '1'] = process.argv.slice(2);
let left = Number(nth);

function pass(here: KillPoint): void {
  if (here === point && --left === 0) process.kill(process.pid, 'SIGKILL');
}

/** Before the request, while the storage thread has it, and after its commit returned. */
async function around<Value>(
  name: 'accept' | 'settle' | 'claim',
  work: () => Promise<Value>,
): Promise<Value> {
  pass(`before-${name}`);
  const running = work();
  setTimeout(() => pass(`during-${name}`), Math.random() * 3);
  const value = await running;
  pass(`after-${name}`);
  return value;
}

const loaded = await loadSettings(config, process.env);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
const { settings } = loaded;
const log = openLog({ settings: settings.log, destination: 1, journal: false, nowMs: Date.now });
const daemon = createDaemon({
  settings,
  emit: log.sink,
  environment: process.env,
  onDeath: (what, error) => {
    throw new Error(`${what} died`, { cause: error });
  },
  onReloaded: () => {},
  logLevel: openLogLevel({
    settings: settings.log,
    configure: log.configure,
    emit: log.sink,
    clock: Date.now,
  }),
  logLinesDropped: log.dropped,
  listen: () => {},
  async openStore(options) {
    const store = await openRemoteStore(options);
    return {
      ...store,
      accept: (incoming) => around('accept', () => store.accept(incoming)),
      settle: (settlement) => around('settle', () => store.settle(settlement)),
      claim: (query) => around('claim', () => store.claim(query)),
    };
  },
  openDots(directory) {
    const dots = openDotLedger(directory);
    return {
      ...dots,
      dotted: dots.dotted,
      mark(id) {
        pass('before-dot-mark');
        const slot = dots.mark(id);
        pass('after-dot-mark');
        // The dot is written in this turn of the loop; the reply cannot be read before the next.
        setImmediate(() => pass('after-dot'));
        return slot;
      },
      clear(slot) {
        pass('before-dot-clear');
        dots.clear(slot);
      },
      drop(slot) {
        pass('before-dot-clear');
        dots.drop(slot);
      },
    };
  },
});
await daemon.start();
log.sink({
  is: 'daemon.started',
  version: 'kill-point',
  node: process.version,
  config,
  tookMs: 0,
});
