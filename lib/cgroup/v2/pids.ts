import type { Controller } from "../controller.ts";
import { parseLimit, parseSingle, readLines, writeValue } from "../kernel_files.ts";
import { wholeNumber } from "../limits.ts";

/** The kernel refuses more (`PIDS_MAX` in kernel/cgroup/pids.c), and no host can have more processes. */
const MOST_PIDS = 4_194_304;

/** Number of processes; v1 has the same files (Documentation/admin-guide/cgroup-v1/pids.rst). */
export const pids: Controller = {
  name: "pids",
  enforces: { pids: ["pids.max"] },
  usageFiles: [["pids.peak"]],
  liveFiles: ["pids.current"],

  write(directory, { pids }) {
    if (pids !== undefined) writeValue(directory, "pids.max", wholeNumber(pids, MOST_PIDS));
  },

  read(directory) {
    return { pids: parseLimit(readLines(`${directory}/pids.max`)) };
  },

  usage(files) {
    return { processes: parseSingle(files["pids.current"]), processesPeak: parseSingle(files["pids.peak"]) };
  },
};
