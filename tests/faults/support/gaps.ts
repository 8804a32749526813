/** The most bytes that a drain may lose at one place: what it had in its hands when the disk was full. */
const MOST = 128 * 1024;

/**
 * Throws when a stream is not what its program wrote, less at most 128 KiB at each of the marked offsets. Lines are numbered, so
 * that a piece of some length can come from one place only.
 */
export function checkGaps(text: string, whole: string, gaps: readonly number[]): void {
  let at = 0;
  const cuts = [0, ...[...gaps].sort((a, b) => a - b), text.length];
  for (let index = 1; index < cuts.length; index++) {
    const [begin = 0, end = 0] = [cuts[index - 1], cuts[index]];
    const piece = text.slice(begin, end);
    // Only behind a mark may something be missing.
    const found = index === 1 ? (whole.startsWith(piece) ? 0 : -1) : whole.indexOf(piece, at);
    if (found < 0) throw new Error(`Bytes ${begin} to ${end} are not as written: ${around(piece, whole, at)}`);
    if (found - at > MOST) throw new Error(`At byte ${begin} ${found - at} bytes are missing, more than ${MOST}`);
    at = found + piece.length;
  }
  const missing = whole.length - at;
  if (missing > (gaps.includes(text.length) ? MOST : 0)) throw new Error(`The last ${missing} bytes are missing`);
}

function around(piece: string, whole: string, from: number): string {
  const expected = whole.slice(from, from + piece.length);
  let at = 0;
  while (at < piece.length && piece[at] === expected[at]) at++;
  const shown = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 40), at + 40));
  return `${shown(piece)} rather than ${shown(expected)}`;
}
