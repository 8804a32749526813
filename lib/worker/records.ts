/**
 * What stands in a job's folder. Records carry a format version; see {@linkcode FORMAT}.
 * @module
 */
import { z } from "zod";
import type { JobLimits } from "./limits.ts";
import { processSchema } from "./process.ts";

/** The version of the records; a newer one is refused, an older one is read. */
export const FORMAT = 1;
const format = z.literal(FORMAT);

const limit = z.number().positive().exactOptional();
const diskLimit = z.union([z.number().positive(), z.record(z.string(), z.number().positive())]).exactOptional();
const limitsSchema: z.ZodType<JobLimits> = z.object({
  cpus: limit,
  cpuWeight: limit,
  memoryBytes: limit,
  memoryHighBytes: limit,
  pids: limit,
  readBytesPerSecond: diskLimit,
  writeBytesPerSecond: diskLimit,
  readOperationsPerSecond: diskLimit,
  writeOperationsPerSecond: diskLimit,
  ioWeight: limit,
  cpuTimeSeconds: limit,
  addressSpaceBytes: limit,
  fileSizeBytes: limit,
  openFiles: z.union([z.number().positive(), z.object({ soft: z.number(), hard: z.number() })]).exactOptional(),
  coreBytes: z.number().nonnegative().exactOptional(),
});

/** Which processes of a job get the signal of a stop and have its grace period: all of them, or its main process alone. */
export type StopScope = "all" | "main";
const stopScopeSchema = z.enum(["all", "main"]);

/** `spec.json`: what was asked, by whom, when. Written first, never changed. Values of the environment are not kept. */
export const specSchema = z.object({
  format,
  id: z.uuid(),
  /** Order of creation on this host, whatever its clock did. */
  sequence: z.int().positive(),
  /** The same among the jobs of its owner, who may know of no others. Older records do not tell. */
  ownerSequence: z.int().positive().nullable().default(null),
  name: z.string().nullable(),
  owner: z.string(),
  /** The program as it was asked for. */
  command: z.string(),
  args: z.array(z.string()),
  cwd: z.string(),
  envNames: z.array(z.string()),
  user: z.string().nullable(),
  limits: limitsSchema,
  timeoutSeconds: z.number().positive().nullable(),
  /** Older records tell none: the runner of such a job, which may still be at work, kills what is left as soon as its main process ends. */
  stopScope: stopScopeSchema.default("main"),
  /** Most bytes kept of each of its streams. */
  outputMaxBytes: z.int().positive(),
  createdAt: z.iso.datetime(),
  /** The boot that it was to run in: no job outlives its boot. Older records do not tell. */
  bootId: z.string().nullable().default(null),
  idempotency: z.object({ key: z.string(), request: z.string() }).nullable(),
});
/** See {@linkcode specSchema}. */
export type Spec = z.infer<typeof specSchema>;

/** `runner.json`: the runner's claim on the job, made with O_EXCL. */
export const runnerSchema = processSchema.extend({ format });

/** `started.json`: the job's main process, and the seconds since boot at its start. */
export const startedSchema = processSchema.extend({ format, uptime: z.number() });
/** See {@linkcode startedSchema}. */
export type Started = z.infer<typeof startedSchema>;

/**
 * `stop.json`, `timeout.json`: the job was told to end, and when it is to be killed at the latest. With the scope `all` its runner waits
 * until then for the processes that outlive the main one; it reads this record itself (group.sh).
 */
export const stopSchema = z.object({
  format,
  killAtUptime: z.number(),
  scope: stopScopeSchema.default("main"),
  /** Those whose signal is not sent again, as digests of their signals and keys, the newest last. Older daemons recorded none. */
  requests: z.array(z.string()).default([]),
});
/** See {@linkcode stopSchema}. */
export type Stop = z.infer<typeof stopSchema>;

/** Who wanted a job's end: a user, or its timeout. */
export type Note = "stop.json" | "timeout.json";

/** `stdout.first`, `stderr.first`: the first byte of a stream that is still there. */
export const firstSchema = z.object({ format, offset: z.int().nonnegative() });

/**
 * `ended.json`: how it ended; its appearance is the end of the job. The runner writes it, or the daemon for a job that
 * never had a runner or has lost it (then `reason` says why).
 */
export const endedSchema = z.object({
  format,
  exitCode: z.int().nullable(),
  signal: z.int().nullable(),
  /** The step of the launch that failed. */
  failure: z.enum(["host", "fork", "record", "cgroup", "limits", "cwd", "program", "environment", "exec"]).nullable(),
  /** What the launch said of that, in hexadecimal; see {@linkcode failureReason}. Older runners recorded none. */
  detail: z.string().max(32_768).regex(/^(?:[0-9a-f]{2})*$/).default(""),
  lost: z.boolean().default(false),
  reason: z.string().nullable().default(null),
  stopped: z.boolean(),
  timedOut: z.boolean(),
  /** Seconds since boot at the end. Older daemons recorded none. */
  uptime: z.number().nullable(),
  /** The boot that this was in. Older records do not tell. */
  bootId: z.string().nullable().default(null),
  /** Lines of the drains' note of what is missing, see {@linkcode Gaps}. */
  gaps: z.array(z.string()).default([]),
  /** Lines of the cgroup's files, by file name. */
  usage: z.record(z.string(), z.array(z.string())),
});
/** See {@linkcode endedSchema}. */
export type Ended = z.infer<typeof endedSchema>;

/** An end that only the daemon knows of. */
export interface EndByDaemon {
  readonly failure?: "host";
  readonly lost?: boolean;
  /** Why, in a sentence. */
  readonly reason: string;
  /** See {@linkcode endedSchema}. */
  readonly gaps?: readonly string[];
}

/** Its record. */
export function endedByDaemon(end: EndByDaemon, now: { uptime: number; bootId: string }): Ended {
  return {
    format: FORMAT,
    exitCode: null,
    signal: null,
    failure: end.failure ?? null,
    detail: "",
    lost: end.lost ?? false,
    reason: end.reason,
    stopped: false,
    timedOut: false,
    ...now,
    gaps: [...end.gaps ?? []],
    usage: {},
  };
}

/** Writes a record so that it is there whole or not at all, also after a crash of the host. */
export async function writeRecord(path: string, record: Spec | Ended | Stop): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.new`;
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(JSON.stringify(record) + "\n");
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.syncData();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}
