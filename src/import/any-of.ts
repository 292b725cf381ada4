/** Fits each of these names, which may hold patterns, and nothing else. */
export function anyOf(names: string): RegExp {
  return new RegExp(`^(?:${names.trim().split(/\s+/).join('|')})$`);
}
