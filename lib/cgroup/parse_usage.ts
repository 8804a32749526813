import { known } from "./controller.ts";
import type { KernelFiles } from "./kernel_files.ts";
import { UNKNOWN_USAGE, type Usage } from "./usage.ts";
import { V1_CONTROLLERS } from "./v1/controllers.ts";
import { V2_CONTROLLERS } from "./v2/controllers.ts";

/**
 * What a job used, from the lines of its group's usage files as its end record keeps them, v1 or v2.
 * Never throws: what is missing or odd becomes null.
 *
 * @param files Lines by basename.
 */
export function parseUsage(files: KernelFiles): Usage {
  const usage = { ...UNKNOWN_USAGE };
  // No two controllers tell the same: the files and keys of v1 and v2 differ, even within their common `cpu.stat`.
  for (const controller of [...V1_CONTROLLERS, ...V2_CONTROLLERS]) {
    Object.assign(usage, known(controller.usage(files)));
  }
  return usage;
}
