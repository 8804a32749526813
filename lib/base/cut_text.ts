/** Returns the beginning of a text, of at most so many UTF-16 units; a character that does not fit as a whole is left out. */
export function cutText(text: string, maxUnits: number): string {
  return text.slice(0, maxUnits).replace(/[\ud800-\udbff]$/, (half) => text.length > maxUnits ? "" : half);
}
