import { ageOf, type End, endOf, newestFirst } from "./ends.ts";
import type { Host } from "./host.ts";
import { readUptime } from "./job.ts";
import { logger } from "./logger.ts";
import type { Entry } from "./registry.ts";
import { remove } from "./remove.ts";
import { logPath } from "./state_folder.ts";
import { inTurns } from "./turns.ts";

/** How much of what has ended is kept; whichever is reached first, and the oldest goes first. */
export interface Keep {
  /** Seconds after a job's end. */
  readonly seconds: number;
  /** Ended jobs. */
  readonly jobs: number;
  /** Bytes on disk of ended jobs' output. */
  readonly bytes: number;
}

/** What is kept unless an operator says otherwise: a week, a thousand jobs, 20 GiB. */
export const DEFAULT_KEEP: Keep = { seconds: 7 * 86_400, jobs: 1000, bytes: 20 * 2 ** 30 };

/** A job that is to go, and why. */
interface Old {
  readonly entry: Entry;
  readonly reason: string;
}

/** How many are removed at once: one by one they would go more slowly than a busy host makes new ones. */
const TOGETHER = 16;

/** Removes the ended jobs that are too many, too old or too large. Running ones stay, whatever they are. */
export async function removeOld(host: Host): Promise<void> {
  const { keep, bootId } = host;
  const now = { bootId, uptime: readUptime(), at: Date.now() };
  const old: Old[] = [];
  let bytes = 0;
  for await (const [newer, end] of inTurns(newestFirst(endedJobs(host), bootId).entries(), host.closing)) {
    const { entry } = end;
    if (newer >= keep.jobs) old.push({ entry, reason: `Only the newest ${keep.jobs} ended jobs are kept` });
    else if (ageOf(end, now) > keep.seconds) {
      old.push({ entry, reason: `Ended jobs are kept for ${keep.seconds} s` });
    } else {
      bytes += entry.outputBytes ??= bytesOnDisk(host, entry);
      if (bytes > keep.bytes) old.push({ entry, reason: `Only ${keep.bytes} bytes of ended jobs' output are kept` });
    }
  }
  const left = old.reverse().values();
  await Promise.all(Array.from({ length: TOGETHER }, () => removeThose(host, left)));
}

async function removeThose(host: Host, left: Iterable<Old>): Promise<void> {
  for (const { entry, reason } of left) {
    if (host.closing.aborted) return;
    const { id, owner } = entry.spec;
    logger.info("Removing job {id}, which ended at {at}", { id, at: entry.ended?.at });
    const removed = () => host.onAction({ kind: "remove", id, owner, reason });
    // One that cannot be removed must not keep the others.
    await remove(host, entry, removed).catch((error) => logger.error("Cannot remove job {id}: {error}", { id, error }));
  }
}

function endedJobs(host: Host): (End & { entry: Entry })[] {
  return [...host.registry.values()].flatMap((entry) => {
    const end = endOf(entry);
    return end === null ? [] : [{ ...end, entry }];
  });
}

/** What the logs take, without the blocks that were freed. */
function bytesOnDisk(host: Host, entry: Entry): number {
  let bytes = 0;
  for (const stream of ["stdout", "stderr"] as const) {
    try {
      const { blocks, size } = Deno.statSync(logPath(host.state, entry.spec.id, stream));
      // stat(2) counts in 512 bytes, whatever the file system's blocks are.
      bytes += blocks === null ? size : blocks * 512;
    } catch {
      // It has just been removed.
    }
  }
  return bytes;
}
