const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What was asked for last: a busy relay asks many times in a second. */
let last = { second: Number.NaN, text: '' };

/** RFC 5322 section 3.3 date-time in UTC: `Sat, 21 Nov 2026 11:35:00 +0000`. */
export function formatDateTime(atMs: number): string {
  const second = Math.floor(atMs / 1000);
  if (second !== last.second) last = { second, text: format(atMs) };
  return last.text;
}

function format(atMs: number): string {
  const at = new Date(atMs);
  const time = at.toISOString().slice(11, 19);
  const day = `${DAYS[at.getUTCDay()]}, ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
  return `${day} ${at.getUTCFullYear()} ${time} +0000`;
}
