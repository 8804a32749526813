import { join } from "node:path";
import { type Host, inUse } from "./host.ts";
import { logger } from "./logger.ts";
import { signalProcess } from "./process.ts";
import { DamageError, readRecord } from "./read_record.ts";
import { runnerSchema, startedSchema } from "./records.ts";
import type { SetAside } from "./registry.ts";
import { removeFiles } from "./remove.ts";
import { jobFolder } from "./state_folder.ts";
import type { z } from "zod";

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
export function setAside(host: Host, { id, spec }: Pick<SetAside, "id" | "spec">, error: unknown): void {
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
  const started = readIfWhole(host, id, "started.json", startedSchema);
  const runner = readIfWhole(host, id, "runner.json", runnerSchema);
  // First the runner, or it would take the job's end for one to record.
  if (runner !== null) signalProcess(runner, host.bootId, "SIGKILL", "group");
  if (cgroup !== null) await cgroup.kill();
  else if (started !== null) signalProcess(started, host.bootId, "SIGKILL", "group");
  if (!await removeFiles(host, id, () => host.registry.deleteDamaged(job))) return;
  await cgroup?.remove();
}

/** A record, or null where there is none that can be read. */
function readIfWhole<T>(host: Host, id: string, name: string, schema: z.ZodType<T>): T | null {
  try {
    const folder = jobFolder(host.state, id);
    // Whoever put a link in its place would have us kill by what stands elsewhere.
    if (!Deno.lstatSync(folder).isDirectory) return null;
    return readRecord(join(folder, name), schema)?.record ?? null;
  } catch {
    return null;
  }
}
