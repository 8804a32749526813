import type { Controller } from "../controller.ts";
import { toDiskLimit, writeDiskLimit } from "../disk_limits.ts";
import { readIoWeight, writeIoWeight } from "../io_weight.ts";
import { parseNumber, readLines } from "../kernel_files.ts";
import { type DiskLimit, wholeNumber } from "../limits.ts";

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
    const set = (key: string, limit: DiskLimit | undefined) =>
      writeDiskLimit(directory, "io.max", limit, (value) => `${key}=${wholeNumber(value)}`);
    set("rbps", limits.readBytesPerSecond);
    set("wbps", limits.writeBytesPerSecond);
    set("riops", limits.readOperationsPerSecond);
    set("wiops", limits.writeOperationsPerSecond);
    if (limits.ioWeight !== undefined) writeIoWeight(directory, limits.ioWeight);
  },

  read(directory) {
    const settings = parseNestedKeyed(readLines(`${directory}/io.max`) ?? []);
    const get = (key: string) =>
      toDiskLimit(new Map(settings.filter((setting) => setting.key === key).map(({ disk, value }) => [disk, value])));
    return {
      readBytesPerSecond: get("rbps"),
      writeBytesPerSecond: get("wbps"),
      readOperationsPerSecond: get("riops"),
      writeOperationsPerSecond: get("wiops"),
      ioWeight: readIoWeight(directory),
    };
  },

  usage(files) {
    const lines = files["io.stat"]?.filter((line) => line !== "");
    if (lines === undefined) return {};
    const stat = parseNestedKeyed(lines);
    // No line at all is a group that did no IO; a line for a disk may also come without numbers.
    const none = lines.every((line) => /^\d+:\d+\s*$/.test(line)) ? 0 : null;
    const sum = (key: string) =>
      stat.filter((entry) => entry.key === key).reduce((sum: number | null, { value }) => (sum ?? 0) + value, none);
    return {
      readBytes: sum("rbytes"),
      writtenBytes: sum("wbytes"),
      readOperations: sum("rios"),
      writeOperations: sum("wios"),
    };
  },
};

/** The numbers in a "nested keyed" file, `MAJOR:MINOR KEY=VALUE …` a line. */
function parseNestedKeyed(lines: readonly string[]): { disk: string; key: string; value: number }[] {
  return lines.flatMap((line) => {
    const [disk, ...pairs] = line.trim().split(/\s+/);
    if (disk === undefined || !/^\d+:\d+$/.test(disk)) return [];
    return pairs.flatMap((pair) => {
      const [key, text] = pair.split("=");
      const value = parseNumber(text);
      return key === undefined || value === null ? [] : [{ disk, key, value }];
    });
  });
}
