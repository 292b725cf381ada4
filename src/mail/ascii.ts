/** Whether every character fits in 7 bits. */
export function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}
