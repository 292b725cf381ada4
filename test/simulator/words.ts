export function padded(sequence: number, digits: number): string {
  return String(sequence).padStart(digits, '0');
}

export function domainOf(username: string): string {
  return username.replace(/^.*@/, '');
}
