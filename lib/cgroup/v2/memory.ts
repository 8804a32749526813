import type { Controller } from "../controller.ts";
import { hasFile, parseFlatKeyed, parseLimit, parseSingle, readLines, writeValue } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

/** Memory on v2 (Documentation/admin-guide/cgroup-v2.rst, "Memory"). */
export const memory: Controller = {
  name: "memory",
  enforces: { memoryBytes: ["memory.max"], memoryHighBytes: ["memory.high"] },
  usageFiles: [["memory.peak"], ["memory.events"]],
  liveFiles: ["memory.current"],

  write(directory, { memoryBytes, memoryHighBytes }) {
    if (memoryHighBytes !== undefined) writeValue(directory, "memory.high", wholeNumber(memoryHighBytes));
    if (memoryBytes === undefined) return;
    writeValue(directory, "memory.max", wholeNumber(memoryBytes));
    // A limit of its own on v2; a kernel that does not account for swap has no such file.
    if (hasFile(directory, "memory.swap.max")) writeValue(directory, "memory.swap.max", "0");
    // A job that lost one of its processes is seldom of use: the kernel ends all of it at once (since Linux 4.19).
    if (hasFile(directory, "memory.oom.group")) writeValue(directory, "memory.oom.group", "1");
  },

  read(directory) {
    return {
      memoryBytes: parseLimit(readLines(`${directory}/memory.max`)),
      memoryHighBytes: parseLimit(readLines(`${directory}/memory.high`)),
    };
  },

  usage(files) {
    return {
      memoryBytes: parseSingle(files["memory.current"]),
      memoryPeakBytes: parseSingle(files["memory.peak"]),
      outOfMemoryKills: parseFlatKeyed(files["memory.events"]).get("oom_kill") ?? null,
    };
  },
};
