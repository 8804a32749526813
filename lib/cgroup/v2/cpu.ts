import type { Controller } from "../controller.ts";
import { CPU_PERIOD, cpuQuota, cpusOfQuota } from "../cpu_quota.ts";
import { parseFlatKeyed, parseNumber, parseSingle, readLines, seconds, writeValue } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

const DEFAULT_WEIGHT = 100;

/** CPU time and weight on v2 (Documentation/admin-guide/cgroup-v2.rst, "CPU"). */
export const cpu: Controller = {
  name: "cpu",
  enforces: { cpus: ["cpu.max"], cpuWeight: ["cpu.weight"] },
  usageFiles: [["cpu.stat"]],
  liveFiles: [],

  write(directory, { cpus, cpuWeight }) {
    if (cpus !== undefined) writeValue(directory, "cpu.max", `${cpuQuota(cpus)} ${CPU_PERIOD}`);
    if (cpuWeight !== undefined) writeValue(directory, "cpu.weight", wholeNumber(cpuWeight, 10_000));
  },

  read(directory) {
    const [quota, period] = readLines(`${directory}/cpu.max`)?.[0]?.split(" ") ?? [];
    const weight = parseSingle(readLines(`${directory}/cpu.weight`));
    return {
      cpus: cpusOfQuota(parseNumber(quota), parseNumber(period)),
      cpuWeight: weight === DEFAULT_WEIGHT ? null : weight,
    };
  },

  usage(files) {
    const stat = parseFlatKeyed(files["cpu.stat"]);
    return {
      cpuSeconds: seconds(stat.get("usage_usec"), 1e6),
      cpuUserSeconds: seconds(stat.get("user_usec"), 1e6),
      cpuSystemSeconds: seconds(stat.get("system_usec"), 1e6),
      cpuThrottledSeconds: seconds(stat.get("throttled_usec"), 1e6),
    };
  },
};
