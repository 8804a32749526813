import { hasFile, parseNumber, readLines, writeValue } from "./kernel_files.ts";
import { wholeNumber } from "./limits.ts";

/** A file that holds a group's weight at the disks, with the scale of its scheduler. */
interface WeightFile {
  readonly file: string;
  /** From our scale, 1 to 10000 with 100 in the middle. */
  readonly to: (weight: number) => number;
  readonly from: (weight: number) => number;
}

// BFQ knows 1 to 1000 with the same default of 100: what is above that is squeezed, so that a larger weight stays larger.
const toBfq = (weight: number) => weight <= 100 ? weight : 100 + (weight - 100) / 11;
const fromBfq = (weight: number) => weight <= 100 ? weight : 100 + (weight - 100) * 11;

/** Every file the kernel may have for it (v2 io.cost and BFQ, v1 BFQ, and CFQ before Linux 5.0: 10 to 1000, default 500). */
const WEIGHT_FILES: readonly WeightFile[] = [
  { file: "io.weight", to: (weight) => weight, from: (weight) => weight },
  { file: "io.bfq.weight", to: toBfq, from: fromBfq },
  { file: "blkio.bfq.weight", to: toBfq, from: fromBfq },
  {
    file: "blkio.weight",
    to: (weight) => Math.min(Math.max(weight * 5, 10), 1000),
    from: (weight) => weight / 5,
  },
];

const DEFAULT_WEIGHT = 100;

/** Writes the weight to each such file of the group: the scheduler of each disk decides which of them counts there. */
export function writeIoWeight(directory: string, weight: number): void {
  for (const { file, to } of WEIGHT_FILES) {
    if (hasFile(directory, file)) writeValue(directory, file, wholeNumber(Math.min(to(weight), 10_000)));
  }
}

/** The weight that a group's directory holds, to the nearest of our scale; null for the default. */
export function readIoWeight(directory: string): number | null {
  for (const { file, from } of WEIGHT_FILES) {
    // `100`, or `default 100` with a line for each disk that differs below it.
    const weight = parseNumber(readLines(`${directory}/${file}`)?.[0]?.split(" ").at(-1));
    if (weight !== null) return Math.round(from(weight)) === DEFAULT_WEIGHT ? null : Math.round(from(weight));
  }
  return null;
}
