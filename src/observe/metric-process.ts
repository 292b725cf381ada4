import { readdirSync, readFileSync } from 'node:fs';
import type { Instruments } from './metric-instruments.ts';

/**
 * The process as the kernel and V8 see it, under the names that Prometheus' client libraries agree
 * on.
 */
export function refreshProcessGauges(m: Instruments): void {
  const memory = process.memoryUsage();
  m.process_resident_memory_bytes.set(memory.rss);
  m.nodejs_heap_used_bytes.set(memory.heapUsed);
  m.nodejs_external_memory_bytes.set(memory.external);
  const cpu = process.cpuUsage();
  setCounter(m.process_cpu_seconds_total, (cpu.user + cpu.system) / 1e6);
  if (process.platform === 'linux') refreshDescriptors(m);
}

/**
 * Looking at the descriptors needs one more: when there is none left, that must not end the daemon.
 */
function refreshDescriptors(m: Instruments): void {
  try {
    m.process_open_fds.set(readdirSync('/proc/self/fd').length);
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
    if (limit?.[1] !== undefined) m.process_max_fds.set(Number(limit[1]));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EMFILE' && code !== 'ENFILE') throw error;
    m.process_open_fds.reset();
    m.relayd_scrape_failures_total.inc({ part: 'process' });
  }
}

/** Brings a counter without labels to a total that somebody else keeps. */
export function setCounter(counter: Instruments['process_cpu_seconds_total'], total: number): void {
  counter.reset();
  counter.inc(total);
}
