import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks per second, the unit of /proc/PID/stat: 100 on every Linux port that Node runs on. */
const ticksPerSecond = 100;

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Seconds of CPU, those of children that have ended and were waited for included. */
  readonly cpuSeconds: number;
}

/** The process and all its descendants. */
function tree(root: number): ProcessStat[] {
  const children = Map.groupBy(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => readStat(Number(name)) ?? []),
    ({ parent }) => parent,
  );
  const self = readStat(root);
  const found = self === null ? [] : [self];
  for (const { pid } of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function readStat(pid: number): ProcessStat | null {
  const text = readProc(pid, 'stat');
  if (text === null) return null;
  // proc(5): the name in brackets may hold spaces; field 3 (state) follows it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  return { pid, parent: Number(fields[1]), cpuSeconds: ticks / ticksPerSecond };
}

/** Null when the process has ended meanwhile. */
function readProc(pid: number, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return null;
  }
}

/** CPU seconds used so far by a server with everything it started. */
export function cpuSeconds(root: number): number {
  return tree(root).reduce((sum, process) => sum + process.cpuSeconds, 0);
}

/** Bytes of memory, shared pages divided among those who share them. */
export function proportionalBytes(root: number): number {
  return tree(root).reduce((sum, { pid }) => sum + kib(readProc(pid, 'smaps_rollup'), 'Pss'), 0);
}

/** Bytes resident of this one process, shared ones included. */
export function residentBytes(pid: number): number {
  return kib(readProc(pid, 'status'), 'VmRSS');
}

/** The most it ever had resident. */
export function peakResidentBytes(pid: number): number {
  return kib(readProc(pid, 'status'), 'VmHWM');
}

function kib(text: string | null, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text ?? '')?.[1] ?? 0) * 1024;
}
