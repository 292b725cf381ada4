/**
 * Makes the children of `now` those of `next` by as few changes as serve, so that focus, a
 * selection, scrolled tables and opened details stay. Rows are known by their `data-key`.
 * @param {Element} now
 * @param {Element} next
 */
export function morph(now, next) {
  const kept = new Map([...now.children].map((child) => [keyOf(child), child]));
  /** @type {ChildNode | null} */
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const found = partner(place, wanted, kept);
    if (found === null) {
      now.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (found !== place) now.insertBefore(found, place);
    else place = place.nextSibling;
    update(found, wanted);
  }
  while (place !== null) {
    const rest = place.nextSibling;
    place.remove();
    place = rest;
  }
}

/**
 * What becomes the wanted node: the one of its key, else the next one when it is of its kind.
 * @param {ChildNode | null} place
 * @param {ChildNode} wanted
 * @param {ReadonlyMap<string | null, ChildNode>} kept
 * @returns {ChildNode | null}
 */
function partner(place, wanted, kept) {
  const key = keyOf(wanted);
  if (key !== null) return kept.get(key) ?? null;
  if (place === null || place.nodeName !== wanted.nodeName) return null;
  return keyOf(place) === null ? place : null;
}

/** @param {Node} node */
function keyOf(node) {
  return node instanceof Element ? node.getAttribute('data-key') : null;
}

/**
 * @param {ChildNode} now
 * @param {ChildNode} wanted
 */
function update(now, wanted) {
  if (now instanceof Element && wanted instanceof Element) {
    for (const { name } of [...now.attributes]) {
      if (!wanted.hasAttribute(name) && !(name === 'open' && now.matches('details'))) {
        now.removeAttribute(name);
      }
    }
    for (const { name, value } of wanted.attributes) {
      if (now.getAttribute(name) !== value) now.setAttribute(name, value);
    }
    morph(now, wanted);
  } else if (now.nodeValue !== wanted.nodeValue) now.nodeValue = wanted.nodeValue;
}
