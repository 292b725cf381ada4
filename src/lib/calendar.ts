/** A clock hour or a calendar day: `[fromMs, untilMs)`, in milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly untilMs: number;
}

const offsets = new Map<string, Intl.DateTimeFormat>();

/** Whether `UTC`, `+02:00` or `Europe/Paris` names a time zone that this machine knows. */
export function isTimeZone(zone: string): boolean {
  try {
    offsetFormat(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The hour or day around an instant, as clocks in the zone show it; a day may have 23 or 25 hours. */
export function periodAround(atMs: number, lengthMs: number, zone: string): Period {
  const localMs = atMs + offsetMs(atMs, zone);
  const from = Math.floor(localMs / lengthMs) * lengthMs;
  return { fromMs: instantOf(from, zone), untilMs: instantOf(from + lengthMs, zone) };
}

const dayMs = 86_400_000;

/** The instant of that day at which clocks in the zone show `sinceMidnightMs`. */
export function timeOfDay(atMs: number, sinceMidnightMs: number, zone: string): number {
  const localMs = atMs + offsetMs(atMs, zone);
  return instantOf(Math.floor(localMs / dayMs) * dayMs + sinceMidnightMs, zone);
}

/** `2026-11-21`, as calendars in the zone have it. */
export function dayOf(atMs: number, zone: string): string {
  return new Date(atMs + offsetMs(atMs, zone)).toISOString().slice(0, 10);
}

/** The instant at which clocks in the zone show that time. */
function instantOf(localMs: number, zone: string): number {
  const guessMs = localMs - offsetMs(localMs, zone);
  return localMs - offsetMs(guessMs, zone);
}

/** How far clocks in the zone are ahead of UTC. */
function offsetMs(atMs: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const parts = offsetFormat(zone).formatToParts(atMs);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const match = /^GMT([+-])(\d\d):(\d\d)(?::(\d\d))?$/.exec(name);
  if (match === null) return 0;
  const [, sign, hours, minutes, seconds = '0'] = match;
  const ms = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -ms : ms;
}

/** Making one takes longer than all the rest. */
function offsetFormat(zone: string): Intl.DateTimeFormat {
  const known = offsets.get(zone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' });
  offsets.set(zone, made);
  return made;
}
