import { morph } from './morph.js';

/**
 * One reading of the relay, as `/events` sends it.
 * @typedef {object} Snapshot
 * @property {Readonly<Record<string, string>>} fragments Inner HTML by the name in `data-live`.
 * @property {readonly (number | null)[]} minute The row of the running minute, as in /series.
 */

/** No snapshot for so long: what is shown is old, and says so. */
const silenceMsMax = 15_000;

/**
 * Keeps the marked parts of the page as they are now, until it is left.
 * @param {(minute: readonly (number | null)[]) => void} onMinute
 */
export function followEvents(onMinute) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  /** @param {'live' | 'late' | 'off'} state */
  const say = (state) => {
    document.documentElement.dataset.connection = state;
    clearTimeout(silence);
    if (state === 'live') silence = setTimeout(say, silenceMsMax, 'late');
  };

  const open = () => {
    source = new EventSource('/events');
    source.addEventListener('snapshot', ({ data }) => {
      const { fragments, minute } = /** @type {Snapshot} */ (JSON.parse(data));
      show(fragments);
      onMinute(minute);
      say('live');
    });
    source.addEventListener('error', () => say(source?.readyState === 2 ? 'off' : 'late'));
  };
  const close = () => {
    clearTimeout(silence);
    source?.close();
    source = null;
  };

  // The relay computes nothing for a page that nobody looks at.
  document.addEventListener('visibilitychange', () => {
    close();
    if (!document.hidden) open();
  });
  // A page kept for the back button must not hold a connection.
  addEventListener('pagehide', close);
  addEventListener('pageshow', ({ persisted }) => persisted && open());
  if (!document.hidden) open();
}

/** @param {Readonly<Record<string, string>>} fragments */
function show(fragments) {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll('[data-live]')
  )) {
    const html = fragments[part.dataset.live ?? ''];
    if (html === undefined) continue;
    // Parsed in an inert document: nothing in it runs or loads, whatever it is.
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    morph(part, parsed.body);
  }
}
