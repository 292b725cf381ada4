import { followEvents } from './live.js';

/**
 * The pages are complete without this file. With it they follow the relay as it works, and the
 * overview gets its plots.
 */

document.documentElement.classList.add('js');

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const find = document.getElementById('find');
  if (event.key === '/' && !isTyping(event.target)) {
    find?.focus();
    event.preventDefault();
  } else if (event.key === 'Escape' && event.target === find) find?.blur();
});

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof HTMLElement && target.matches('input, select, textarea');
}

const plots = document.getElementById('plots');
// The library is the larger part of it all; pages without plots do without it.
const drawn = plots === null ? null : await (await import('./plots.js')).drawPlots(plots);
if (document.querySelector('[data-live]') !== null) followEvents((minute) => drawn?.add(minute));
