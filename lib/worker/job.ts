import { parseUsage, type Usage } from "../cgroup/mod.ts";
import { type Gaps, parseGaps } from "./gaps.ts";
import type { JobLimits } from "./limits.ts";
import { prefixFailure } from "./prefix_failure.ts";
import { parseProcessLimits } from "./process_limits.ts";
import { isAlive } from "./process.ts";
import type { Ended, Spec, StopScope } from "./records.ts";
import type { Entry } from "./registry.ts";
import { signalName } from "./signals.ts";

/**
 * How a job is: `running`; `exited` by itself with a code; `signaled` by a signal; `stopped` because a user asked; `failed`, it never
 * started; `lost`, the host forgot how it ended.
 */
export type State = "running" | "exited" | "signaled" | "stopped" | "failed" | "lost";

/** A job as it can be shown. What does not apply is null; times are ISO 8601. */
export interface Job {
  /** A UUID. */
  readonly id: string;
  /** Unique among the jobs of its owner. */
  readonly name: string | null;
  /** Who started it. */
  readonly owner: string;
  /** The program as it was asked for. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** The folder it runs in. */
  readonly cwd: string;
  /** Names of the variables it was given; their values are not kept. */
  readonly envNames: readonly string[];
  /** How it is. */
  readonly state: State;
  /** Its main process, while that runs. */
  readonly pid: number | null;
  /** Of its main process, if that ended by itself. */
  readonly exitCode: number | null;
  /** Name of the signal that ended it. */
  readonly signal: string | null;
  /** Why it failed, was lost or was ended by the worker, in a sentence. */
  readonly reason: string | null;
  /** Whether the kernel killed any of it for memory. */
  readonly outOfMemory: boolean;
  /** The account it runs as; null for the daemon's own. */
  readonly user: string | null;
  /** As the kernel holds them while it runs, as they were asked for afterwards. */
  readonly limits: JobLimits;
  /** It is stopped when it has run that long. */
  readonly timeoutSeconds: number | null;
  /** Who is sent the signal of a stop and has its grace period: every process of the job, or its main process alone. */
  readonly stopScope: StopScope;
  /** What it used until now, or until its end. */
  readonly usage: Usage;
  /** Seconds the program ran until now or its end; not moved by changes of the clock. */
  readonly durationSeconds: number | null;
  /** Where bytes of its streams are missing because the disk was full. */
  readonly gaps: Gaps;
  /** Most bytes kept of each of its streams. */
  readonly outputMaxBytes: number;
  /** When it was asked for. */
  readonly createdAt: string;
  /** When its main process began. */
  readonly startedAt: string | null;
  /** When its end was recorded. */
  readonly endedAt: string | null;
}

/** The job as it is now; of a running one usage and limits come live from the kernel. */
export function describe(entry: Entry): Job {
  const { spec, ended } = entry;
  // A launch that failed has had a process, but the program never was one.
  const started = ended !== null && ended.record.failure !== null ? null : entry.started;
  const usage = ended?.usage ?? entry.cgroup?.usage() ?? parseUsage({});
  return {
    id: spec.id,
    name: spec.name,
    owner: spec.owner,
    command: spec.command,
    args: spec.args,
    cwd: spec.cwd,
    envNames: spec.envNames,
    state: stateOf(entry),
    pid: ended === null ? pidOf(started) : null,
    exitCode: ended?.record.exitCode ?? null,
    signal: ended?.record.signal ? signalName(ended.record.signal) : null,
    reason: ended === null ? null : reasonOf(spec, ended.record),
    outOfMemory: (usage.outOfMemoryKills ?? 0) > 0,
    user: spec.user,
    limits: ended === null ? { ...spec.limits, ...limitsInForce(entry) } : spec.limits,
    timeoutSeconds: spec.timeoutSeconds,
    stopScope: spec.stopScope,
    usage,
    gaps: parseGaps(ended?.record.gaps ?? entry.gaps),
    outputMaxBytes: spec.outputMaxBytes,
    durationSeconds: durationOf(started, ended),
    createdAt: spec.createdAt,
    startedAt: started?.at ?? null,
    endedAt: ended?.at ?? null,
  };
}

/** The main process, which others of a job that is being stopped may outlive: then its number may be another's. */
function pidOf(started: Entry["started"]): number | null {
  return started !== null && isAlive(started.record, started.record.bootId) ? started.record.pid : null;
}

/** What the kernel holds now, which may be rounded. */
function limitsInForce({ spec, cgroup, started }: Entry): JobLimits {
  const limits = cgroup?.limits() ?? {};
  if (started === null) return limits;
  try {
    const text = Deno.readTextFileSync(`/proc/${started.record.pid}/limits`);
    return { ...limits, ...parseProcessLimits(text, spec.limits) };
  } catch {
    // It has just ended.
    return limits;
  }
}

type EndedRecord = Omit<Ended, "usage" | "detail">;

/** How it is now. */
export function stateOf({ ended }: Entry): State {
  if (ended === null) return "running";
  const { lost, failure, stopped, signal } = ended.record;
  if (lost) return "lost";
  if (failure !== null) return "failed";
  if (stopped) return "stopped";
  return signal === null ? "exited" : "signaled";
}

function reasonOf(spec: Spec, ended: EndedRecord): string | null {
  if (ended.reason !== null) return ended.reason;
  const cannot = `Cannot start "${spec.command}"`;
  switch (ended.failure) {
    case null:
      return ended.timedOut && !ended.stopped ? timeoutReason(spec) : null;
    case "cwd":
      return `Cannot enter the working directory "${spec.cwd}": it is not there or may not be entered`;
    case "program":
      return `${cannot}: it is not there or may not be executed`;
    case "cgroup":
      return `${cannot}: its cgroup could not be entered`;
    case "limits":
      return `${cannot}: ${prefixFailure(spec)}`;
    case "environment":
      return `${cannot}: a variable of its environment cannot be set`;
    case "fork":
      return `${cannot}: the host has no process left to run it in`;
    case "record":
      return `${cannot}: the start could not be recorded: the host has no space or no process left`;
    case "host":
    case "exec":
      return `${cannot}: the host cannot execute it`;
  }
}

/** Why a job was ended that had a timeout. */
export function timeoutReason({ timeoutSeconds }: Pick<Spec, "timeoutSeconds">): string {
  return `It ran past its timeout of ${timeoutSeconds} s`;
}

function durationOf(started: Entry["started"], ended: Entry["ended"]): number | null {
  // Nobody knows when a lost one ended.
  if (started === null || ended?.record.lost) return null;
  const now = ended === null ? readUptime() : ended.record.uptime;
  return now === null ? null : Math.max(0, Number((now - started.record.uptime).toFixed(2)));
}

/** Seconds since boot, suspension included, as proc_uptime(5) tells; no change of the clock moves it. */
export function readUptime(): number {
  return Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]);
}
