import { join } from "node:path";
import { type Host, inUse } from "./host.ts";
import { logger } from "./logger.ts";
import type { Process } from "./process.ts";
import { DamageError, readRecord } from "./read_record.ts";
import { startedSchema } from "./records.ts";
import type { SetAside } from "./registry.ts";
import { removeFiles } from "./remove.ts";
import { killRunner } from "./runner_processes.ts";
import { killSession } from "./session.ts";
import { jobFolder } from "./state_folder.ts";

/** A job whose records cannot be used: nothing is known of it for sure, and nothing is done to it but its removal. */
export interface DamagedJob {
  /** A UUID. */
  readonly id: string;
  /** Who started it; null when that cannot be read either. */
  readonly owner: string | null;
  /** What is wrong with it; to go on after a colon. */
  readonly reason: string;
}

/** As it can be shown. */
export function describeDamaged({ id, spec, reason }: SetAside): DamagedJob {
  return { id, owner: spec?.owner ?? null, reason };
}

/** Sets a job aside: it is there no more but as a damaged one. Its processes, if it has any, are left alone. */
export function setAside(
  host: Pick<Host, "registry" | "wakeups">,
  { id, spec }: Pick<SetAside, "id" | "spec">,
  error: unknown,
): void {
  const reason = reasonOf(error);
  logger.error("Job {id} is damaged and set aside: {reason}", { id, reason });
  host.registry.setAside({ id, spec, reason });
  host.wakeups.wake(`${id}.stdout`);
  host.wakeups.wake(`${id}.stderr`);
}

function reasonOf(error: unknown): string {
  if (error instanceof DamageError) return error.message;
  return `it cannot be read: ${error instanceof Error ? error.message : error}`;
}

/** Removes what there is of a damaged job, with its processes as far as they can be told. */
export async function removeDamaged(host: Host, job: SetAside): Promise<void> {
  const { id } = job;
  const cgroup = inUse(host.cgroups.open(id));
  const started = cgroup === null ? readStart(host, id) : null;
  const folder = jobFolder(host.state, id);
  // First the runner, or it would take the job's end for one to record.
  await killRunner(folder);
  await cgroup?.kill();
  if (started !== null) killSession({ id, folder, leader: started, witness: null }, host.bootId);
  if (await removeFiles(host, id, () => host.registry.deleteDamaged(job))) await cgroup?.remove();
}

/** The job's main process, or null where that cannot be told. */
function readStart(host: Host, id: string): Process | null {
  try {
    const folder = jobFolder(host.state, id);
    // Whoever put a link in its place would have us kill by what stands elsewhere.
    if (!Deno.lstatSync(folder).isDirectory) return null;
    return readRecord(join(folder, "started.json"), startedSchema)?.record ?? null;
  } catch {
    return null;
  }
}
