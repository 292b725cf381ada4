import { expect, test } from 'vitest';
import { address, foreign, hint, html, render } from '../../../src/dashboard/html.ts';
import { hostile } from './scene.ts';

test('values are escaped, in content and in attributes', () => {
  const value = `<b a="1" c='2'>&amp;`;
  expect(render(html`<p title="${value}">${value}</p>`)).toBe(
    '<p title="&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;amp;">' +
      '&#60;b a=&#34;1&#34; c=&#39;2&#39;&#62;&#38;amp;</p>',
  );
});

test('HTML stays HTML, lists are joined, null is nothing', () => {
  const items = ['a', '<'].map((text) => html`<li>${text}</li>`);
  expect(render(html`<ul>${items}</ul>${null}${3}`)).toBe('<ul><li>a</li><li>&#60;</li></ul>3');
});

test('an object that only looks like HTML is not taken for it', () => {
  const forged = JSON.parse('{"markup":"<script>"}') as never;
  expect(() => render(html`${forged}`)).toThrow();
});

test("strangers' text is set apart, cut, and its control characters can be seen", () => {
  const shown = render(foreign(hostile));
  expect(shown).toMatch(/^<bdi class="mail">.*…<\/bdi>$/);
  expect(shown).toContain('\\x1b[31m\\x0d\\x0a\\u202egpj.exe&#38;amp;');
  expect(shown).not.toMatch(/<script|[\x00-\x1f\u202e]/);
  expect(shown.length).toBeLessThan(1_000);
});

test('a pair of surrogates is not cut in two', () => {
  expect(render(foreign('ab😀', 3))).toBe('<bdi class="mail">ab\ufffd…</bdi>');
});

test('the null reverse-path is shown as such', () => {
  expect(render(address(''))).toBe('&lt;&gt;');
});

test('commands in a hint are code, and nothing else of it is HTML', () => {
  expect(render(hint('Run `relayctl x` <now>.'))).toBe(
    '<span class="hint">Run <code>relayctl x</code> &#60;now&#62;.</span>',
  );
});
