import { join } from "node:path";
import type { Host } from "./host.ts";
import type { Entry } from "./registry.ts";
import { jobFolder, logPath, removeIfThere } from "./state_folder.ts";
import { stop } from "./stop.ts";

/** The ending of the folder of a job that is being removed; what is found with it at a start is removed for good. */
export const REMOVED = ".removed";

/** Removes a job, its record and its output; stops it before, if need be. */
export async function remove(host: Host, entry: Entry): Promise<void> {
  await stop(host, entry);
  if (host.registry.get(entry.spec.id) !== entry) return;
  const folder = jobFolder(host.state, entry.spec.id);
  try {
    // From here on the job is gone, whatever happens to this daemon.
    await Deno.rename(folder, folder + REMOVED);
  } catch (error) {
    // Two removed it at once.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  host.registry.delete(entry);
  await removeIfThere(logPath(host.state, entry.spec.id, "stdout"));
  await removeIfThere(logPath(host.state, entry.spec.id, "stderr"));
  await removeIfThere(join(host.state.ended, entry.spec.id));
  await removeIfThere(folder + REMOVED);
  await entry.cgroup?.remove();
}
