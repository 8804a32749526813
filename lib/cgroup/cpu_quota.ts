import { wholeNumber } from "./limits.ts";

/** Length of the period that CPU quotas refer to, in microseconds: the kernel's default, long enough for 0.01 cores. */
export const CPU_PERIOD = "100000";

/**
 * The quota of `cpus` cores in microseconds a period.
 * The kernel refuses less than 1 ms (`min_cfs_quota_period` in kernel/sched/core.c).
 */
export function cpuQuota(cpus: number): string {
  return wholeNumber(Math.max(1000, cpus * Number(CPU_PERIOD)));
}

/** Cores that a quota and its period amount to; null where there is no quota (`max`, or -1 on v1). */
export function cpusOfQuota(quota: number | null, period: number | null): number | null {
  return quota === null || period === null || period === 0 ? null : quota / period;
}
