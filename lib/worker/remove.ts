import { join } from "node:path";
import { removeAllIfThere } from "../base/files.ts";
import type { Host } from "./host.ts";
import type { Entry } from "./registry.ts";
import { jobFolder, logPath } from "./state_folder.ts";
import { stop } from "./stop.ts";

/** The ending of the folder of a job that is being removed; what is found with it at a start is removed for good. */
export const REMOVED = ".removed";

/**
 * Removes a job, its record and its output; stops it before, if need be.
 * @param removed is called once the job is gone, unless somebody else has removed it.
 */
export async function remove(host: Host, entry: Entry, removed = () => {}): Promise<void> {
  await stop(host, entry);
  if (host.registry.get(entry.spec.id) !== entry) return;
  const forget = () => {
    host.registry.delete(entry);
    removed();
  };
  if (await removeFiles(host, entry.spec.id, forget)) await entry.cgroup?.remove();
}

/**
 * Removes everything of a job on the disk; a link is removed, never what it points at.
 * @param forget is called once the job is gone, whatever happens to this daemon.
 * @returns false when somebody else has done it at the same time.
 */
export async function removeFiles(host: Host, id: string, forget: () => void): Promise<boolean> {
  const folder = jobFolder(host.state, id);
  try {
    await Deno.rename(folder, folder + REMOVED);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  forget();
  await removeAllIfThere(logPath(host.state, id, "stdout"));
  await removeAllIfThere(logPath(host.state, id, "stderr"));
  await removeAllIfThere(join(host.state.ended, id));
  await removeAllIfThere(folder + REMOVED);
  return true;
}
