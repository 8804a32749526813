/**
 * Jobs on this host: started, limited, watched and stopped, with the file system as the truth about them. Knows nothing of HTTP,
 * TLS or users' roles.
 * @module
 */
export type { DiskLimit, LimitReport, Limits, Report, TreeReport, Usage } from "../cgroup/mod.ts";
export { checkHost, type HostCheck, type ProgramCheck } from "./check.ts";
export { checkStateFolder, type StateFolderCheck } from "./check_state_folder.ts";
export type { DamagedJob } from "./damaged.ts";
export { WorkerError } from "./errors.ts";
export type { Refusal } from "./errors.ts";
export type { Gaps } from "./gaps.ts";
export type { Action } from "./host.ts";
export type { Job, State } from "./job.ts";
export type { Keep } from "./keep.ts";
export type { HostLimits, JobLimits } from "./limits.ts";
export type { ListOptions, Page } from "./list.ts";
export { reapOrphans } from "./orphans.ts";
export type { Output, OutputOptions } from "./output.ts";
export { openFilesLimit } from "./inherited_open_files.ts";
export type { ProcessLimits, SoftAndHard } from "./process_limits.ts";
export type { StopScope } from "./records.ts";
export { isSignal } from "./signals.ts";
export type { StartRequest } from "./start.ts";
export { otherStateFolder, type Stream } from "./state_folder.ts";
export type { StopOptions } from "./stop.ts";
export { Worker, type WorkerOptions } from "./worker.ts";
