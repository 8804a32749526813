import { removeAllIfThere } from "../base/files.ts";
import { type Cgroup, type Cgroups, parseUsage } from "../cgroup/mod.ts";
import type { Wakeups } from "../output/mod.ts";
import { join } from "node:path";
import { failureReason } from "./failure_reason.ts";
import { readUptime } from "./job.ts";
import type { Keep } from "./keep.ts";
import type { HostLimits } from "./limits.ts";
import { readRecord } from "./read_record.ts";
import { type EndByDaemon, endedByDaemon, endedSchema, writeRecord } from "./records.ts";
import type { Entry, Registry } from "./registry.ts";
import { jobFolder, logPath, type StateFolder } from "./state_folder.ts";

/** What the worker does to a job of its own accord, though nobody asks for it now. */
export interface Action {
  /** What. */
  readonly kind: "stop" | "remove";
  /** The job's. */
  readonly id: string;
  /** The job's. */
  readonly owner: string;
  /** Why, in a sentence. */
  readonly reason: string;
}

/** What the verbs share: this host, as one worker sees it. */
export interface Host {
  readonly state: StateFolder;
  readonly cgroups: Cgroups;
  readonly registry: Registry;
  readonly wakeups: Wakeups;
  readonly bootId: string;
  /** Limits of a job whose user asks for none. */
  readonly defaultLimits: HostLimits;
  /** Limits that no job may have more of. */
  readonly maxLimits: HostLimits;
  /** Soft limit of open files of a job whose user asks for none. */
  readonly openFiles: number;
  /** Most bytes kept of a stream. */
  readonly outputMaxBytes: number;
  /** How much of what has ended is kept. */
  readonly keep: Keep;
  /** How many jobs may run at once. */
  readonly maxJobs: number;
  /** How many of them may be one owner's. */
  readonly maxJobsPerOwner: number;
  /** Is told of each; of a stop maybe again, by a later worker that finishes it. */
  readonly onAction: (action: Action) => void;
  /** Stops whose signal is on its way: the worker does not close before, for a job may be frozen meanwhile. */
  readonly stopping: Set<Promise<void>>;
  /** Aborted when the worker closes; every wait ends with it. */
  readonly closing: AbortSignal;
}

/** Aborted when nobody waits any more: the worker closes, or `signal` says so. */
export function endOfWaiting({ closing }: Host, signal: AbortSignal | undefined): AbortSignal {
  return signal === undefined ? closing : AbortSignal.any([closing, signal]);
}

/**
 * Takes note of a job's end if its record is there.
 * @throws {DamageError} when that cannot be used.
 */
export function noteEnd(host: Host, entry: Entry): void {
  if (entry.ended !== null) return;
  const ended = readRecord(join(jobFolder(host.state, entry.spec.id), "ended.json"), endedSchema);
  if (ended === null) return;
  const { usage, detail, ...record } = ended.record;
  const reason = record.reason ?? failureReason(entry.spec, record.failure, detail);
  // What never was its program has used nothing of its own.
  const used = parseUsage(record.failure === null ? usage : {});
  host.registry.end(entry, { record: { ...record, reason }, usage: used, at: ended.at });
  host.wakeups.wake(`${entry.spec.id}.stdout`);
  host.wakeups.wake(`${entry.spec.id}.stderr`);
}

/** Records an end that no runner will record. */
export async function recordEnd(host: Host, entry: Entry, end: EndByDaemon): Promise<void> {
  const ended = endedByDaemon(end, { uptime: readUptime(), bootId: host.bootId });
  await writeRecord(join(jobFolder(host.state, entry.spec.id), "ended.json"), ended);
  noteEnd(host, entry);
}

/** What a runner that could not end in order leaves in the job's folder. */
const LEFTOVERS = [
  "stdout.fifo",
  "stderr.fifo",
  "stdout.copied",
  "stderr.copied",
  "gaps",
  "session",
  "step",
];

/** Does for a job that has ended what its runner could not do itself any more. */
export async function tidy(host: Host, entry: Entry): Promise<void> {
  await entry.cgroup?.kill();
  await entry.cgroup?.remove();
  const folder = jobFolder(host.state, entry.spec.id);
  await Promise.all(LEFTOVERS.map((name) => removeAllIfThere(join(folder, name))));
}

/** Makes a job's logs, empty and ours alone; what is there stays. */
export async function createLogs(host: Host, id: string): Promise<void> {
  for (const stream of ["stdout", "stderr"] as const) {
    const log = await Deno.open(logPath(host.state, id, stream), { append: true, create: true, mode: 0o600 });
    log.close();
  }
}

/** A job's cgroup, or null where it has none: on a host that has none for us, or after its end. */
export function inUse(cgroup: Cgroup): Cgroup | null {
  return cgroup.directories.length > 0 ? cgroup : null;
}
