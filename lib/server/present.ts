import { type Job as WireJob, limitsSchema } from "../contract/mod.ts";
import type { Job } from "../worker/mod.ts";

/** A job as it travels: every limit by name, null where there is none. */
export function present(job: Job): WireJob {
  const limits = Object.fromEntries(Object.keys(limitsSchema.shape).map((name) => [name, null]));
  return {
    ...job,
    args: [...job.args],
    envNames: [...job.envNames],
    limits: { ...limits, ...job.limits },
    usage: { ...job.usage },
    gaps: { stdout: [...job.gaps.stdout], stderr: [...job.gaps.stderr] },
  };
}
