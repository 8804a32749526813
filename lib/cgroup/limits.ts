/**
 * A limit on disks: one number for each whole disk of the host by itself, not for their sum; or numbers for single disks.
 * Those are named as a user would: a disk or a partition (`sda`, `sda1`, `/dev/sda1`), its number `MAJOR:MINOR`, or the
 * absolute path of a file or folder on it. The kernel limits whole disks, so a partition stands for its disk.
 */
export type DiskLimit = number | Readonly<Record<string, number>>;

/** What a job may take of its host, as cgroups can enforce it. What is absent is not limited. */
export interface Limits {
  /** CPU time per time, in cores: `0.5` is half a core, `2` two whole ones; from 0.01. */
  cpus?: number;
  /** Share of a contended CPU in relation to other groups, 1 to 10000; the kernel's default is 100. */
  cpuWeight?: number;
  /** Memory in bytes, page cache included and swap counted as memory. */
  memoryBytes?: number;
  /** Memory in bytes beyond which the job is slowed down and made to give some back, but not killed; v2 only. */
  memoryHighBytes?: number;
  /** Processes and threads at one time. */
  pids?: number;
  /** Bytes a second read from each disk. */
  readBytesPerSecond?: DiskLimit;
  /** Bytes a second written to each disk. */
  writeBytesPerSecond?: DiskLimit;
  /** Read operations a second on each disk. */
  readOperationsPerSecond?: DiskLimit;
  /** Write operations a second on each disk. */
  writeOperationsPerSecond?: DiskLimit;
  /**
   * Share of a contended disk in relation to other groups, 1 to 10000; the kernel's default is 100. It binds on disks
   * whose scheduler knows weights (BFQ, or v2's io.cost); on others the kernel takes the number and ignores it.
   */
  ioWeight?: number;
}

/** The name of one limit. */
export type Limit = keyof Limits;

const DISK_LIMITS = [
  "readBytesPerSecond",
  "writeBytesPerSecond",
  "readOperationsPerSecond",
  "writeOperationsPerSecond",
] as const;

/** Whether a limit is one of those that hold for single disks. */
export function isDiskLimit(limit: Limit): limit is (typeof DISK_LIMITS)[number] {
  return DISK_LIMITS.some((name) => name === limit);
}

/** What people call each limit, to follow "Cannot limit". */
export const LIMIT_NAMES: Readonly<Record<Limit, string>> = {
  cpus: "CPU time",
  cpuWeight: "CPU weight",
  memoryBytes: "memory",
  memoryHighBytes: "memory by throttling",
  pids: "processes",
  readBytesPerSecond: "disk reads in bytes per second",
  writeBytesPerSecond: "disk writes in bytes per second",
  readOperationsPerSecond: "disk reads in operations per second",
  writeOperationsPerSecond: "disk writes in operations per second",
  ioWeight: "disk weight",
};

/** All limits, in the order of {@linkcode LIMIT_NAMES}. */
export function allLimits(): Limit[] {
  return Object.keys(LIMIT_NAMES).filter((name): name is Limit => name in LIMIT_NAMES);
}

/** The limits that are set, in the order of {@linkcode LIMIT_NAMES}. */
export function limitsIn(limits: Limits): Limit[] {
  return allLimits().filter((name) => limits[name] !== undefined);
}

/**
 * The last guard before kernel files: `NaN` or a negative number never reaches them.
 *
 * @throws {RangeError} If a limit is not a finite number above zero, or names no disk.
 */
export function checkLimits(limits: Limits): void {
  for (const limit of limitsIn(limits)) {
    const asked = limits[limit];
    const values = typeof asked === "object" ? Object.values(asked) : asked === undefined ? [] : [asked];
    if (values.length === 0) throw new RangeError(`Cannot limit ${LIMIT_NAMES[limit]}: no disk is named`);
    for (const value of values) {
      if (!Number.isFinite(value) || value <= 0) {
        throw new RangeError(`Cannot limit ${LIMIT_NAMES[limit]} to "${value}": not a number above zero`);
      }
    }
  }
}

/** `value` as kernel files take it: a whole number in decimal digits, at least 1, and never in `1e21` notation. */
export function wholeNumber(value: number, most = Number.MAX_SAFE_INTEGER): string {
  return BigInt(Math.min(Math.max(Math.round(value), 1), most)).toString();
}
