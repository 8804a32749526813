import type { Controller } from "../controller.ts";
import { parseFlatKeyed, parseSingle, seconds } from "../kernel_files.ts";

/** The unit of `cpuacct.stat`: USER_HZ, which is 100 on every architecture that Deno runs on (time(7)). */
const TICKS_PER_SECOND = 100;

/** CPU time used, on v1 (Documentation/admin-guide/cgroup-v1/cpuacct.rst); it limits nothing. */
export const cpuacct: Controller = {
  name: "cpuacct",
  enforces: {},
  usageFiles: [["cpuacct.usage"], ["cpuacct.stat"]],
  liveFiles: [],
  write() {},
  read: () => ({}),

  usage(files) {
    const stat = parseFlatKeyed(files["cpuacct.stat"]);
    return {
      cpuSeconds: seconds(parseSingle(files["cpuacct.usage"]), 1e9),
      cpuUserSeconds: seconds(stat.get("user"), TICKS_PER_SECOND),
      cpuSystemSeconds: seconds(stat.get("system"), TICKS_PER_SECOND),
    };
  },
};
