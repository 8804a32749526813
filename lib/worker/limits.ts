import type { DiskLimit, Limits } from "../cgroup/mod.ts";
import { WorkerError } from "./errors.ts";
import { type ProcessLimits, type SoftAndHard, softAndHard } from "./process_limits.ts";

/** Everything that a job can be limited in: its cgroup as a whole, and each of its processes. */
export type JobLimits = Limits & ProcessLimits;

/** Limits without those of single disks, as the defaults and maxima of a host are. */
export type HostLimits = {
  [Limit in keyof JobLimits]: Limit extends "openFiles" ? JobLimits[Limit]
    : Exclude<JobLimits[Limit], Readonly<Record<string, number>>>;
};

/**
 * The limits that a job gets: what its user asked for, else the host's default, and never more than the host's maximum. Throttling
 * begins at its memory at the latest, unless its user asked for a contradiction.
 * @throws {WorkerError} `unsupported` for single disks where the host has a maximum for all.
 */
export function effectiveLimits(asked: JobLimits, defaults: HostLimits, maxima: HostLimits): JobLimits {
  const limits: JobLimits = { ...defaults, ...asked };
  const { openFiles, ...others } = maxima;
  for (const name of namesOf(others)) {
    const most = others[name];
    if (most !== undefined) Object.assign(limits, { [name]: capped(name, limits[name], most) });
  }
  if (openFiles !== undefined) limits.openFiles = cappedFiles(limits.openFiles ?? openFiles, openFiles);
  const { memoryBytes, memoryHighBytes } = limits;
  const contradiction = (asked.memoryHighBytes ?? 0) > (asked.memoryBytes ?? Infinity);
  if (memoryBytes !== undefined && memoryHighBytes !== undefined && !contradiction) {
    limits.memoryHighBytes = Math.min(memoryBytes, memoryHighBytes);
  }
  return limits;
}

function capped(name: string, value: DiskLimit | undefined, most: number): number {
  if (typeof value === "object") {
    throw new WorkerError(
      "unsupported",
      `Cannot limit single disks: this host has a maximum for all, so give "${name}" one number`,
    );
  }
  return value === undefined ? most : Math.min(value, most);
}

function cappedFiles(value: number | SoftAndHard, most: number | SoftAndHard): number | SoftAndHard {
  const [asked, maximum] = [softAndHard(value), softAndHard(most)];
  const hard = Math.min(asked.hard, maximum.hard);
  const soft = Math.min(asked.soft, maximum.soft, hard);
  return soft === hard ? hard : { soft, hard };
}

/** Limits that are numbers, or disks with numbers. */
type NumberLimits = Omit<HostLimits, "openFiles">;

function namesOf(limits: NumberLimits): (keyof NumberLimits)[] {
  return Object.keys(limits).filter((name): name is keyof NumberLimits => name in limits);
}
