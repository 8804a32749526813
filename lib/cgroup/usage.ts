/** What a job used of its host. A field is null where the kernel does not tell. */
export interface Usage {
  /** CPU time outside the kernel, in seconds. */
  cpuUserSeconds: number | null;
  /** CPU time inside the kernel, in seconds. */
  cpuSystemSeconds: number | null;
  /** All CPU time, in seconds. */
  cpuSeconds: number | null;
  /** How long the CPU quota kept the job waiting, in seconds. */
  cpuThrottledSeconds: number | null;
  /** Memory in use now, page cache included, in bytes; null after the end. */
  memoryBytes: number | null;
  /** The most memory ever in use, in bytes. */
  memoryPeakBytes: number | null;
  /** Processes that the kernel killed for want of memory; v2 may count the first of a group twice. */
  outOfMemoryKills: number | null;
  /** Bytes read from disks; a disk made of others (LVM, RAID, loop) is counted besides those. */
  readBytes: number | null;
  /** Bytes written to disks, counted like {@linkcode readBytes}. On v1 without what the kernel wrote back later. */
  writtenBytes: number | null;
  /** Read operations on disks. */
  readOperations: number | null;
  /** Write operations on disks. */
  writeOperations: number | null;
  /** Processes and threads now; null after the end. */
  processes: number | null;
  /** The most processes and threads at one time. */
  processesPeak: number | null;
}

/** Usage of which nothing is known. */
export const UNKNOWN_USAGE: Usage = {
  cpuUserSeconds: null,
  cpuSystemSeconds: null,
  cpuSeconds: null,
  cpuThrottledSeconds: null,
  memoryBytes: null,
  memoryPeakBytes: null,
  outOfMemoryKills: null,
  readBytes: null,
  writtenBytes: null,
  readOperations: null,
  writeOperations: null,
  processes: null,
  processesPeak: null,
};
