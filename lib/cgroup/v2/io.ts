import type { Controller } from "../controller.ts";
import { writeForDisks } from "../disks.ts";
import { readIoWeight, writeIoWeight } from "../io_weight.ts";
import { parseNumber, readLines } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

/** Disks on v2 (Documentation/admin-guide/cgroup-v2.rst, "IO"). */
export const io: Controller = {
  name: "io",
  enforces: {
    readBytesPerSecond: ["io.max"],
    writeBytesPerSecond: ["io.max"],
    readOperationsPerSecond: ["io.max"],
    writeOperationsPerSecond: ["io.max"],
    ioWeight: ["io.weight", "io.bfq.weight"],
  },
  usageFiles: [["io.stat"]],
  liveFiles: [],

  write(directory, limits) {
    const settings: string[] = [];
    const set = (key: string, value: number | undefined) => {
      if (value !== undefined) settings.push(`${key}=${wholeNumber(value)}`);
    };
    set("rbps", limits.readBytesPerSecond);
    set("wbps", limits.writeBytesPerSecond);
    set("riops", limits.readOperationsPerSecond);
    set("wiops", limits.writeOperationsPerSecond);
    if (settings.length > 0) writeForDisks(directory, "io.max", settings.join(" "));
    if (limits.ioWeight !== undefined) writeIoWeight(directory, limits.ioWeight);
  },

  read(directory) {
    // Every disk has the same limits, so the first tells all.
    const max = parseNestedKeyed(readLines(`${directory}/io.max`)?.slice(0, 1) ?? []);
    return {
      readBytesPerSecond: max.get("rbps") ?? null,
      writeBytesPerSecond: max.get("wbps") ?? null,
      readOperationsPerSecond: max.get("riops") ?? null,
      writeOperationsPerSecond: max.get("wiops") ?? null,
      ioWeight: readIoWeight(directory),
    };
  },

  usage(files) {
    const lines = files["io.stat"]?.filter((line) => line !== "");
    if (lines === undefined) return {};
    const stat = parseNestedKeyed(lines);
    // No line at all is a group that did no IO; a line for a disk may also come without numbers.
    const sum = (key: string) => stat.get(key) ?? (lines.every((line) => /^\d+:\d+\s*$/.test(line)) ? 0 : null);
    return {
      readBytes: sum("rbytes"),
      writtenBytes: sum("wbytes"),
      readOperations: sum("rios"),
      writeOperations: sum("wios"),
    };
  },
};

/** The sums over all disks in a "nested keyed" file, `MAJOR:MINOR KEY=VALUE …` a line. */
function parseNestedKeyed(lines: readonly string[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const line of lines) {
    const [disk, ...pairs] = line.trim().split(/\s+/);
    if (disk === undefined || !/^\d+:\d+$/.test(disk)) continue;
    for (const pair of pairs) {
      const [key, text] = pair.split("=");
      const value = parseNumber(text);
      if (key !== undefined && value !== null) sums.set(key, (sums.get(key) ?? 0) + value);
    }
  }
  return sums;
}
