/**
 * Limits jobs with control groups, v1 or v2, and tells what they used (cgroups(7)).
 *
 * ```ts
 * import { detectCgroups, parseUsage } from "./mod.ts";
 *
 * const cgroups = detectCgroups({ name: "teleworker" });
 * const group = cgroups.create(crypto.randomUUID(), { cpus: 0.5, memoryBytes: 64 * 2 ** 20 });
 * // A process enters by `echo 0 >DIRECTORY/cgroup.procs` for each of group.directories, then executes the program.
 * await group.kill();
 * await group.remove();
 * ```
 *
 * @module
 */
export type { Cgroups } from "./cgroups.ts";
export { detectCgroups } from "./detect.ts";
export { awaitDisks } from "./disk_limits.ts";
export type { Cgroup } from "./group.ts";
export type { KernelFiles } from "./kernel_files.ts";
export type { DiskLimit, Limit, Limits } from "./limits.ts";
export type { Mode } from "./locate.ts";
export type { LimitReport, Report, TreeReport } from "./report.ts";
export { parseUsage } from "./parse_usage.ts";
export type { Usage } from "./usage.ts";
