// Runs in the pages under test, before their own scripts; web/tsconfig.json checks it.

Object.assign(globalThis, { looks: { unlabelled, faintTexts } });

/** What somebody who cannot see the page would stumble over; empty: nothing. */
function unlabelled() {
  /** @type {string[]} */
  const problems = [];
  /** @type {(what: string, element: Element) => void} */
  const say = (what, element) => problems.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  /** @type {(selector: string) => Element[]} */
  const all = (selector) => [...document.querySelectorAll(selector)];
  /** @type {(element: Element) => string} */
  const nameOf = (element) => {
    const by = element.getAttribute('aria-labelledby');
    const text = by === null ? null : document.getElementById(by)?.textContent;
    return (element.getAttribute('aria-label') ?? text ?? '').trim();
  };
  for (const field of all('input:not([type=hidden]), select, textarea')) {
    const labels = /** @type {HTMLInputElement} */ (field).labels?.length ?? 0;
    if (labels === 0 && nameOf(field) === '') say('field without label', field);
  }
  for (const one of all('a, button')) {
    if (nameOf(one) === '' && (one.textContent ?? '').trim() === '') say('no name', one);
  }
  for (const table of all('table:not(.u-legend)')) {
    if (table.querySelector('caption') === null) say('table without caption', table);
    for (const head of table.querySelectorAll('th:not([scope])')) say('th without scope', head);
  }
  for (const one of all('meter, nav, section, [role=img], [role=group]')) {
    if (nameOf(one) === '') say('without name', one);
  }
  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) {
    problems.push(`id twice: ${id}`);
  }
  for (const one of ['h1', 'main']) if (all(one).length !== 1) problems.push(`not one ${one}`);
  if (document.documentElement.lang === '') problems.push('no language');
  return problems;
}

/** Texts with less contrast than WCAG 2.2 asks for (1.4.3: 4.5 to 1). */
function faintTexts() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  /** @type {Set<string>} */
  const faint = new Set();
  while (texts.nextNode() !== null) {
    const element = texts.currentNode.parentElement;
    const text = (texts.currentNode.nodeValue ?? '').trim();
    if (element === null || text === '' || !element.checkVisibility()) continue;
    if (element.closest('noscript, .vh, option') !== null) continue;
    const behind = groundOf(element);
    const [a, b] = [
      luminance(over(channels(getComputedStyle(element).color), behind)),
      luminance(behind),
    ];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5)
      faint.add(`${contrast.toFixed(1)} ${element.className}: ${text.slice(0, 40)}`);
  }
  return [...faint];
}

/**
 * Red, green and blue from 0 to 255, and opacity from 0 to 1.
 * @typedef {readonly [number, number, number, number]} Channels
 */

/** @param {Element | null} element @returns {Channels} */
function groundOf(element) {
  if (element === null) return [255, 255, 255, 1];
  const own = channels(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : over(own, groundOf(element.parentElement));
}

/** @param {Channels} upper @param {Channels} lower @returns {Channels} */
function over([red, green, blue, opacity], lower) {
  /** @type {(value: number, below: number) => number} */
  const mix = (value, below) => value * opacity + below * (1 - opacity);
  return [mix(red, lower[0]), mix(green, lower[1]), mix(blue, lower[2]), 1];
}

/** Any notation of CSS. @param {string} colour @returns {Channels} */
function channels(colour) {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d');
  if (canvas === null) throw new Error('no canvas');
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, opacity = 0] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, opacity / 255];
}

/** Relative luminance of sRGB. @param {Channels} colour */
function luminance([red, green, blue]) {
  /** @type {(value: number) => number} */
  const linear = (value) =>
    value <= 0.04045 * 255 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
