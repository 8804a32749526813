import type { Controller } from "../controller.ts";
import { hasFile, parseFlatKeyed, parseLimit, parseSingle, readLines, writeValue } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

/** Memory on v1 (Documentation/admin-guide/cgroup-v1/memory.rst). */
export const memory: Controller = {
  name: "memory",
  enforces: { memoryBytes: ["memory.limit_in_bytes"] },
  usageFiles: [["memory.max_usage_in_bytes"], ["memory.oom_control"]],
  liveFiles: ["memory.usage_in_bytes"],

  write(directory, { memoryBytes }) {
    if (memoryBytes === undefined) return;
    const bytes = wholeNumber(memoryBytes);
    writeValue(directory, "memory.limit_in_bytes", bytes);
    // Memory and swap together may not be less than memory alone, so this comes second. Without swap accounting
    // the next best thing is not to swap.
    if (hasFile(directory, "memory.memsw.limit_in_bytes")) writeValue(directory, "memory.memsw.limit_in_bytes", bytes);
    else writeValue(directory, "memory.swappiness", "0");
  },

  read(directory) {
    return { memoryBytes: parseLimit(readLines(`${directory}/memory.limit_in_bytes`)) };
  },

  usage(files) {
    return {
      memoryBytes: parseSingle(files["memory.usage_in_bytes"]),
      memoryPeakBytes: parseSingle(files["memory.max_usage_in_bytes"]),
      // Since Linux 4.13.
      outOfMemoryKills: parseFlatKeyed(files["memory.oom_control"]).get("oom_kill") ?? null,
    };
  },
};
