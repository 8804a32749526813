import { join } from "node:path";
import { freeHead, wholeBlocks } from "../output/mod.ts";
import type { Host } from "./host.ts";
import { logger } from "./logger.ts";
import { writeRecord } from "./records.ts";
import type { Entry } from "./registry.ts";
import { jobFolder, logPath, type Stream } from "./state_folder.ts";

/** A log is cut when it is over its most by this part of it, so that not every look at it costs a process. */
const SLACK = 1 / 16;

/** Frees the oldest of a job's output where it is more than the job may keep. Readers are told by `entry.first` before any byte goes. */
export async function capOutput(host: Host, entry: Entry): Promise<void> {
  for (const stream of ["stdout", "stderr"] as const) await capStream(host, entry, stream);
}

async function capStream(host: Host, entry: Entry, stream: Stream): Promise<void> {
  const { id, outputMaxBytes: most } = entry.spec;
  const path = logPath(host.state, id, stream);
  const first = wholeBlocks(sizeOf(path) - most);
  if (first - entry.first[stream] < Math.max(1, most * SLACK)) return;
  entry.first = { ...entry.first, [stream]: first };
  const record = () => writeRecord(join(jobFolder(host.state, id), "first.json"), { format: 1, ...entry.first });
  // On a full disk the record has no place until the head is freed.
  const recorded = await record().then(() => true, () => false);
  await freeHead(path, first);
  if (!recorded) await record();
  logger.debug("Freed the output of job {id} before byte {first} of {stream}", { id, first, stream });
}

function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    // It has just been removed, or is not there yet.
    return 0;
  }
}
