import type { Controller } from "../controller.ts";
import { toDiskLimit, writeDiskLimit } from "../disk_limits.ts";
import { wholeDisks } from "../disks.ts";
import { readIoWeight, writeIoWeight } from "../io_weight.ts";
import { parseNumber, readLines, writeValue } from "../kernel_files.ts";
import { type DiskLimit, wholeNumber } from "../limits.ts";

/** The files that limit the traffic of a disk, each a line `MAJOR:MINOR NUMBER` a disk. */
const THROTTLE = {
  readBytesPerSecond: "blkio.throttle.read_bps_device",
  writeBytesPerSecond: "blkio.throttle.write_bps_device",
  readOperationsPerSecond: "blkio.throttle.read_iops_device",
  writeOperationsPerSecond: "blkio.throttle.write_iops_device",
} as const;

/** Operations a second are 32 bits wide, and the kernel cuts off what is above without a word. */
const MOST_OPERATIONS = 2 ** 32 - 1;

/** A group's own numbers with those of the groups that a job made below it, where the kernel has them (since 5.4). */
const BYTES = ["blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"] as const;
const OPERATIONS = ["blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced"] as const;

/**
 * Disks on v1 (Documentation/admin-guide/cgroup-v1/blkio-controller.rst). It limits and counts reads and direct writes;
 * what was written to the page cache the kernel writes back later on its own account.
 */
export const blkio: Controller = {
  name: "blkio",
  enforces: {
    readBytesPerSecond: [THROTTLE.readBytesPerSecond],
    writeBytesPerSecond: [THROTTLE.writeBytesPerSecond],
    readOperationsPerSecond: [THROTTLE.readOperationsPerSecond],
    writeOperationsPerSecond: [THROTTLE.writeOperationsPerSecond],
    ioWeight: ["blkio.bfq.weight", "blkio.weight"],
  },
  usageFiles: [BYTES, OPERATIONS],
  liveFiles: [],

  activate(directory) {
    // Since Linux 6.10 a disk's traffic is counted only after someone set a limit there, for which no limit (0) counts as well.
    for (const { number } of wholeDisks()) {
      try {
        writeValue(directory, THROTTLE.readBytesPerSecond, `${number} 0`);
      } catch {
        // Without such limits, or pulled out just now: then nothing is counted.
      }
    }
  },

  write(directory, limits) {
    const set = (file: string, limit: DiskLimit | undefined, most?: number) =>
      writeDiskLimit(directory, file, limit, (value) => wholeNumber(value, most));
    set(THROTTLE.readBytesPerSecond, limits.readBytesPerSecond);
    set(THROTTLE.writeBytesPerSecond, limits.writeBytesPerSecond);
    set(THROTTLE.readOperationsPerSecond, limits.readOperationsPerSecond, MOST_OPERATIONS);
    set(THROTTLE.writeOperationsPerSecond, limits.writeOperationsPerSecond, MOST_OPERATIONS);
    if (limits.ioWeight !== undefined) writeIoWeight(directory, limits.ioWeight);
  },

  read(directory) {
    const get = (file: string) => toDiskLimit(parseDiskValues(readLines(`${directory}/${file}`)));
    return {
      readBytesPerSecond: get(THROTTLE.readBytesPerSecond),
      writeBytesPerSecond: get(THROTTLE.writeBytesPerSecond),
      readOperationsPerSecond: get(THROTTLE.readOperationsPerSecond),
      writeOperationsPerSecond: get(THROTTLE.writeOperationsPerSecond),
      ioWeight: readIoWeight(directory),
    };
  },

  usage(files) {
    const bytes = files[BYTES[0]] ?? files[BYTES[1]];
    const operations = files[OPERATIONS[0]] ?? files[OPERATIONS[1]];
    return {
      readBytes: sumOfDisks(bytes, "Read"),
      writtenBytes: sumOfDisks(bytes, "Write"),
      readOperations: sumOfDisks(operations, "Read"),
      writeOperations: sumOfDisks(operations, "Write"),
    };
  },
};

/** The numbers in lines like `254:0 1048576`, by disk. */
function parseDiskValues(lines: readonly string[] | null): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of lines ?? []) {
    const [disk, text] = line.trim().split(/\s+/);
    const value = parseNumber(text);
    if (disk !== undefined && value !== null) values.set(disk, value);
  }
  return values;
}

/** The sum over all disks of lines like `254:0 Read 4096`; null without them and without the last line, `Total 0`. */
function sumOfDisks(lines: readonly string[] | undefined, direction: "Read" | "Write"): number | null {
  let sum: number | null = null;
  for (const line of lines ?? []) {
    const match = /^(?:\d+:\d+ (\w+)|Total) (\d{1,20})$/.exec(line.trim());
    if (match === null) continue;
    sum = (sum ?? 0) + (match[1] === direction ? Number(match[2]) : 0);
  }
  return sum;
}
