import { z } from "zod";

/** The states of a job that this version knows; a newer server may have others. */
export const STATES = ["running", "exited", "signaled", "stopped", "failed", "lost"] as const;
/** One of {@linkcode STATES}. */
export const stateSchema = z.enum(STATES);
/** See {@linkcode STATES}. */
export type State = z.infer<typeof stateSchema>;

const measured = z.number().nullable();

/** What a job used; null where the host's kernel does not tell. */
export const usageSchema = z.looseObject({
  cpuSeconds: measured,
  cpuUserSeconds: measured,
  cpuSystemSeconds: measured,
  cpuThrottledSeconds: measured,
  memoryBytes: measured,
  memoryPeakBytes: measured,
  outOfMemoryKills: measured,
  readBytes: measured,
  writtenBytes: measured,
  readOperations: measured,
  writeOperations: measured,
  processes: measured,
  processesPeak: measured,
});
/** See {@linkcode usageSchema}. */
export type Usage = z.infer<typeof usageSchema>;

/**
 * A job as the API shows it. What does not apply is null. Readers take fields that they do not know, so that a newer server can
 * be asked by an older client.
 */
export const jobSchema = z.looseObject({
  id: z.uuid(),
  name: z.string().nullable(),
  owner: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  envNames: z.array(z.string()),
  /** One of {@linkcode STATES}, or one that only a newer server knows. */
  state: z.string(),
  pid: z.int().nullable(),
  exitCode: z.int().nullable(),
  /** Name of the signal that ended it, such as `SIGKILL`. */
  signal: z.string().nullable(),
  /** A sentence about a job that failed, was lost or ran past its timeout. */
  reason: z.string().nullable(),
  outOfMemory: z.boolean(),
  /** The account it runs as; null for the daemon's own. */
  user: z.string().nullable(),
  /** As {@linkcode limitsSchema}, each null where there is none; a newer server may have others, of any kind. */
  limits: z.record(z.string(), z.unknown()),
  timeoutSeconds: z.number().nullable(),
  /** See {@linkcode STOP_SCOPES}. Servers of version 0.1.0, which tell none, signal the main process alone. */
  stopScope: z.string().default("main"),
  usage: usageSchema,
  /** Where bytes are missing because the host's disk was full: the offset behind each gap. */
  gaps: z.looseObject({ stdout: z.array(z.int()), stderr: z.array(z.int()) }),
  /** Most bytes kept of each of its streams; beyond, the oldest are gone. */
  outputMaxBytes: z.int(),
  durationSeconds: z.number().nullable(),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
});
/** See {@linkcode jobSchema}. */
export type Job = z.infer<typeof jobSchema>;

/** Reports whether a job has ended. Of a state that this version does not know only the time of the end says so. */
export function hasEnded({ state, endedAt }: Pick<Job, "state" | "endedAt">): boolean {
  const known = stateSchema.safeParse(state).data;
  return known === undefined ? endedAt !== null : known !== "running";
}

/** A job whose records on the host's disk cannot be used. It can only be removed. */
export const damagedJobSchema = z.looseObject({
  id: z.uuid(),
  /** Null when that cannot be read either; then only those see it who may see every job. */
  owner: z.string().nullable(),
  /** What is wrong with it; to go on after a colon. */
  reason: z.string(),
});
/** See {@linkcode damagedJobSchema}. */
export type DamagedJob = z.infer<typeof damagedJobSchema>;

/** A page of jobs, newest first. */
export const jobListSchema = z.looseObject({
  jobs: z.array(jobSchema),
  /** All damaged ones that fit, whatever the state that was asked for; only on the first page. */
  damaged: z.array(damagedJobSchema).default([]),
  /** For `?cursor=` of the next page; null on the last. */
  cursor: z.string().nullable(),
});
/** See {@linkcode jobListSchema}. */
export type JobList = z.infer<typeof jobListSchema>;
