import { parseNumber, parseSingle, readLines } from "./kernel_files.ts";
import type { Limit, Limits } from "./limits.ts";

/** What a host has; a figure is null where its kernel does not tell. */
export interface Capacity {
  /** CPUs that are online. */
  readonly cpus: number | null;
  /** Memory in bytes, without swap. */
  readonly memoryBytes: number | null;
  /** Processes and threads at one time. */
  readonly pids: number | null;
}

/**
 * What this host has (proc_stat(5), proc_meminfo(5), proc_sys_kernel(5)).
 *
 * @param proc In place of `/proc`, for tests.
 */
export function readCapacity(proc = "/proc"): Capacity {
  const cpus = (readLines(`${proc}/stat`) ?? []).filter((line) => /^cpu\d+ /.test(line)).length;
  const total = (readLines(`${proc}/meminfo`) ?? []).map((line) => /^MemTotal:\s+(\d+) kB$/.exec(line)?.[1]);
  const kibibytes = parseNumber(total.find((value) => value !== undefined));
  return {
    cpus: cpus > 0 ? cpus : null,
    memoryBytes: kibibytes === null ? null : kibibytes * 1024,
    pids: parseSingle(readLines(`${proc}/sys/kernel/pid_max`)),
  };
}

/** Why a limit is more than the host has, or contradicts another, in words that follow a colon; null if it does not. */
export function whyTooMuch(limit: Limit, limits: Limits, capacity: Capacity): string | null {
  const { memoryBytes, memoryHighBytes } = limits;
  switch (limit) {
    case "cpus":
      return compare(limits.cpus, capacity.cpus, "CPUs", "of this host");
    case "memoryBytes":
      return compareSizes(memoryBytes, capacity.memoryBytes, "of this host");
    case "memoryHighBytes":
      return compareSizes(memoryHighBytes, capacity.memoryBytes, "of this host") ??
        compareSizes(memoryHighBytes, memoryBytes, "of the job's limit");
    case "pids":
      return compare(limits.pids, capacity.pids, "processes", "of this host");
    default:
      return null;
  }
}

function compare(asked: number | undefined, most: number | null | undefined, unit: string, whose: string) {
  if (asked === undefined || most === null || most === undefined || asked <= most) return null;
  return `${asked} ${unit} are more than the ${most} ${whose}`;
}

function compareSizes(asked: number | undefined, most: number | null | undefined, whose: string) {
  if (asked === undefined || most === null || most === undefined || asked <= most) return null;
  // What looks the same in people's units is told apart in bytes.
  const format = formatSize(asked) === formatSize(most) ? inBytes : formatSize;
  return `${format(asked)} are more than the ${format(most)} ${whose}`;
}

/** A size for people, in powers of 1024: `1.5G`. */
function formatSize(bytes: number): string {
  const power = ["K", "M", "G", "T"].findLastIndex((_, index) => bytes >= 1024 ** (index + 1)) + 1;
  return power === 0 ? inBytes(bytes) : `${Number((bytes / 1024 ** power).toFixed(1))}${" KMGT"[power]}`;
}

function inBytes(bytes: number): string {
  return `${bytes} bytes`;
}
