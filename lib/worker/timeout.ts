import { logger } from "./logger.ts";
import type { Host } from "./host.ts";
import { readUptime, timeoutReason } from "./job.ts";
import type { Entry } from "./registry.ts";
import { DEFAULT_GRACE_SECONDS, endOf, terminate } from "./stop.ts";
import { WorkerError } from "./errors.ts";

/** The longest sleep of a timer, in seconds: beyond it setTimeout fires at once. */
const LONGEST_SLEEP = 2 ** 31 / 1000 - 1;

/** Sees to it that a job with a timeout is stopped in time. Returns at once. */
export function superviseTimeout(host: Host, entry: Entry): void {
  const { timeoutSeconds } = entry.spec;
  if (timeoutSeconds === null || entry.started === null || entry.ended !== null) return;
  const deadline = entry.started.record.uptime + timeoutSeconds;
  enforce(host, entry, deadline).catch((error) => {
    if (error instanceof WorkerError && error.refusal === "closing") return;
    logger.error("Cannot stop job {id} at its timeout: {error}", { id: entry.spec.id, error });
  });
}

async function enforce(host: Host, entry: Entry, deadline: number): Promise<void> {
  for (let left = deadline - readUptime(); left > 0; left = deadline - readUptime()) {
    await endOf(host, entry, { seconds: Math.min(left, LONGEST_SLEEP) });
    if (entry.ended !== null) return;
  }
  const { id, owner } = entry.spec;
  host.onAction({ kind: "stop", id, owner, reason: timeoutReason(entry.spec) });
  await terminate(host, entry, "timeout.json", {
    signal: "SIGTERM",
    // A later daemon comes here again.
    key: "timeout",
    graceSeconds: DEFAULT_GRACE_SECONDS,
  });
}
