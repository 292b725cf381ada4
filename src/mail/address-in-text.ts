/**
 * Anything shaped like local-part@domain inside prose: `<a@b.example>`, `"a b"@[192.0.2.1]`. A
 * character too many is taken for a part of it rather than one too few: `=` stands in local parts
 * (VERP), too. A match begins where a word does, so that a long word is gone through once only.
 */
export const ADDRESS_IN_TEXT =
  /(?:"(?:[^"\\]|\\.){0,256}"|(?<![^\s<>()[\]",;:@])[^\s<>()[\]",;:@]+)@(?:\[[^\]\s]{0,256}\]|[^\s<>()[\]",;:@]*)/gu;
