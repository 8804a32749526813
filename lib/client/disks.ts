import { UsageFailure } from "./failure.ts";

/** A limit for one disk, or for all. */
export interface PerDisk {
  readonly disk: string | null;
  readonly value: number;
}

/**
 * The values of a flag that may be given often, as the API takes them.
 * @throws {UsageFailure} for a value for every disk beside others.
 */
export function mergeDisks(values: readonly PerDisk[]): number | Record<string, number> | undefined {
  const [first] = values;
  if (first === undefined) return undefined;
  if (values.length === 1 && first.disk === null) return first.value;
  const disks = new Map<string, number>();
  for (const { disk, value } of values) {
    if (disk === null) {
      throw new UsageFailure("Cannot limit the disks: give one value for all of them, or one for each as DISK:VALUE");
    }
    if (disks.has(disk)) throw new UsageFailure(`Cannot limit the disks: "${disk}" is given twice`);
    disks.set(disk, value);
  }
  return Object.fromEntries(disks);
}
