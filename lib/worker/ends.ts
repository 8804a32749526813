import type { Entry } from "./registry.ts";

/** When a job ended. Within a boot the uptime tells, which no change of the clock moves; the clock only from one boot to another. */
export interface End {
  /** The job's; greater ones were created later. */
  readonly sequence: number;
  /** The boot in which it ended. */
  readonly bootId: string;
  /** Seconds since that boot. */
  readonly uptime: number;
  /** By the clock of its time, in milliseconds since 1970. */
  readonly at: number;
}

/** When this job ended; null while it runs. */
export function endOf({ spec, started, ended }: Pick<Entry, "spec" | "started" | "ended">): End | null {
  if (ended === null) return null;
  const { bootId, uptime } = ended.record;
  return {
    sequence: spec.sequence,
    // Older records name no boot: then it is the one in which the job began, at whose end those were lost that ended in no other way.
    bootId: bootId ?? started?.record.bootId ?? "",
    uptime: uptime ?? Infinity,
    at: Date.parse(ended.at),
  };
}

/** The order of ends, the newest first. Boots are in the order of the newest job that ended in each, with `thisBoot` as the last. */
export function newestFirst<T extends End>(ends: readonly T[], thisBoot: string): T[] {
  const newest = new Map<string, number>();
  for (const { bootId, sequence } of ends) newest.set(bootId, Math.max(sequence, newest.get(bootId) ?? 0));
  newest.set(thisBoot, Infinity);
  const rank = ({ bootId }: End) => newest.get(bootId) ?? 0;
  return ends.toSorted((a, b) => {
    if (a.bootId !== b.bootId) return rank(b) - rank(a);
    return a.uptime === b.uptime ? b.sequence - a.sequence : b.uptime - a.uptime;
  });
}

/** Seconds since an end. */
export function ageOf(end: End, now: { bootId: string; uptime: number; at: number }): number {
  return end.bootId === now.bootId && end.uptime !== Infinity ? now.uptime - end.uptime : (now.at - end.at) / 1000;
}
