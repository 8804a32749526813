import type { Controller } from "../controller.ts";
import { CPU_PERIOD, cpuQuota, cpusOfQuota } from "../cpu_quota.ts";
import { parseFlatKeyed, parseSingle, readLines, seconds, writeValue } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

/** `cpu.shares` of a group nobody changed; the kernel takes 2 to 262144 (sched_group_set_shares in kernel/sched/fair.c). */
const DEFAULT_SHARES = 1024;

/** CPU time and weight on v1 (Documentation/scheduler/sched-bwc.rst). */
export const cpu: Controller = {
  name: "cpu",
  enforces: { cpus: ["cpu.cfs_quota_us"], cpuWeight: ["cpu.shares"] },
  usageFiles: [["cpu.stat"]],
  liveFiles: [],

  write(directory, { cpus, cpuWeight }) {
    if (cpus !== undefined) {
      writeValue(directory, "cpu.cfs_period_us", CPU_PERIOD);
      writeValue(directory, "cpu.cfs_quota_us", cpuQuota(cpus));
    }
    if (cpuWeight !== undefined) {
      const shares = Math.max(2, cpuWeight * DEFAULT_SHARES / 100);
      writeValue(directory, "cpu.shares", wholeNumber(shares, 262_144));
    }
  },

  read(directory) {
    const shares = parseSingle(readLines(`${directory}/cpu.shares`));
    return {
      cpus: cpusOfQuota(
        parseSingle(readLines(`${directory}/cpu.cfs_quota_us`)),
        parseSingle(readLines(`${directory}/cpu.cfs_period_us`)),
      ),
      cpuWeight: shares === null || shares === DEFAULT_SHARES ? null : Math.round(shares * 100 / DEFAULT_SHARES),
    };
  },

  usage(files) {
    return { cpuThrottledSeconds: seconds(parseFlatKeyed(files["cpu.stat"]).get("throttled_time"), 1e9) };
  },
};
