/** One measured figure: a line of the table in docs/performance.md. */
export interface Figure {
  readonly what: string;
  /** With its unit. */
  readonly ours: string;
  /** What it was measured against in the same run, with its unit. */
  readonly reference?: string;
  readonly ratio?: number;
  /** What must hold, in words; without it the figure only informs. */
  readonly target?: string;
  readonly held?: boolean;
  /** What a reader must know, such as the known reason of a miss. */
  readonly note?: string;
}

/** Repetitions that a median is taken of. */
export const REPETITIONS = 5;

/** The middle of some numbers, the upper one of two. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that the share `p` of some numbers does not exceed; NaN of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN;
}

/** Milliseconds that something takes. */
export async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Median milliseconds of two things run by turns, so that both see the same weather; each runs once before, unmeasured. */
export async function byTurns(
  ours: () => Promise<number>,
  reference: () => Promise<number>,
  repetitions: number = REPETITIONS,
): Promise<{ ours: number; reference: number }> {
  const times: { ours: number[]; reference: number[] } = { ours: [], reference: [] };
  for (let turn = -1; turn < repetitions; turn++) {
    // Who goes first changes: the end of one may still weigh on the other.
    const swapped = turn % 2 !== 0;
    const first = await (swapped ? reference : ours)();
    const second = await (swapped ? ours : reference)();
    const [a, b] = swapped ? [second, first] : [first, second];
    if (turn < 0) continue;
    times.ours.push(a);
    times.reference.push(b);
  }
  return { ours: median(times.ours), reference: median(times.reference) };
}

/** Milliseconds as text. */
export function formatMilliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** MiB/s of some bytes in some milliseconds, as text. */
export function formatThroughput(bytes: number, milliseconds: number): string {
  return `${(bytes / 2 ** 20 / (milliseconds / 1000)).toFixed(0)} MiB/s`;
}
