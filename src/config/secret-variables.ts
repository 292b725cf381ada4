/** Names of the environment variables that a file takes secrets from: `{env: NAME}` anywhere. */
export function secretVariables(plain: unknown): readonly string[] {
  if (typeof plain !== 'object' || plain === null) return [];
  const entries = Object.entries(plain);
  const [[key, value] = []] = entries;
  if (entries.length === 1 && key === 'env' && typeof value === 'string') return [value];
  return [...new Set(entries.flatMap(([, inner]) => secretVariables(inner)))];
}
