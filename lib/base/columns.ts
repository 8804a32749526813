/**
 * Text in the columns of a terminal. Not by `Intl.Segmenter`, which takes 15 ms to load: what matters is that no character is cut in
 * half and that columns line up, which the properties of characters tell well enough.
 * @module
 */

/**
 * What is shown, and cut, as one: an escape of `escapeTerminal`, two regional indicators (a flag), or a character, with all that is
 * drawn on it.
 */
const CLUSTER = /(?:\\u\{[\da-f]+\}|\\u[\da-f]{4}|\\n|\p{Regional_Indicator}{2}|.)(?:\p{M}|\p{Emoji_Modifier})*/gsu;
const ASCII = /^[\x20-\x7e]*$/;
const TWO_COLUMNS =
  /^(?![\uff61-\uffdc])[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\p{Regional_Indicator}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]|^.\ufe0f/u;

/** Counts the columns that text without control characters takes. */
export function columnsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  return (text.match(CLUSTER) ?? []).reduce((sum, cluster) => sum + widthOf(cluster), 0);
}

/** Fills text up with spaces to so many columns. */
export function padColumns(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - columnsOf(text)));
}

/** Cuts text that takes more than so many columns, with `…` in the last one; no character and no escape is cut in half. */
export function cutColumns(text: string, columns: number): string {
  let [used, end] = [0, 0];
  // Reads no further than it has to: a command may have megabytes.
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    used += widthOf(cluster);
    if (used > columns) return `${text.slice(0, end)}…`;
    if (used < columns) end = index + cluster.length;
  }
  return text;
}

function widthOf(cluster: string): number {
  if (cluster.startsWith("\\") && cluster.length > 1) return cluster.replace(/\p{M}/gu, "").length;
  if (/^\p{M}/u.test(cluster)) return 0;
  return TWO_COLUMNS.test(cluster) ? 2 : 1;
}
