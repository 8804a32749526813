import { join } from "node:path";
import { freeze } from "./freezer.ts";
import { hasFile, parseFlatKeyed, parseNumber, readLines, tryWrite } from "./kernel_files.ts";
import { subgroups } from "./subgroups.ts";

/** The processes in any of the groups, and in those below them. */
export function processesIn(directories: readonly string[]): number[] {
  const pids = new Set<number>();
  for (const line of directories.flatMap(subgroups).flatMap((group) => readLines(join(group, "cgroup.procs")) ?? [])) {
    const pid = parseNumber(line);
    // A process outside of our PID namespace shows as 0, and a signal to 0 would hit ourselves.
    if (pid !== null && pid > 0) pids.add(pid);
  }
  return [...pids].sort((a, b) => a - b);
}

/** Whether nothing runs in the groups and those below them, whether we can see it or not. */
export function isEmpty(directories: readonly string[]): boolean {
  return directories.every((directory) => {
    // v2 knows for the whole subtree; v1 has to be asked group by group.
    const populated = parseFlatKeyed(readLines(join(directory, "cgroup.events")) ?? []).get("populated");
    if (populated !== undefined) return populated === 0;
    return subgroups(directory).every((group) => (readLines(join(group, "cgroup.procs")) ?? []).length === 0);
  });
}

/**
 * Kills every process in the groups and those below them, once.
 *
 * Without `cgroup.kill` (v1, and v2 before Linux 5.14) they are frozen meanwhile, since a fork bomb would
 * outrun a list of its processes. A frozen process dies when it is thawed, so this ends with that, also for groups that
 * someone else froze.
 */
export function killAll(directories: readonly string[]): void {
  for (const directory of directories.filter((directory) => hasFile(directory, "cgroup.kill"))) {
    tryWrite(directory, "cgroup.kill", "1");
  }
  const rest = directories.filter((directory) => !hasFile(directory, "cgroup.kill"));
  for (const directory of rest) freeze(directory, true);
  try {
    const killed = new Set<number>();
    // Until nobody new shows up: a fork that was under way when the group froze still ends with a child.
    for (let found = true, round = 0; found && round < 10; round++) {
      const pids = processesIn(rest).filter((pid) => !killed.has(pid));
      found = pids.length > 0;
      for (const pid of pids) {
        killed.add(pid);
        // One that is not ours to kill keeps the group from becoming empty, and the caller says so.
        sendSignal(pid, "SIGKILL");
      }
    }
  } finally {
    for (const group of rest.flatMap(subgroups)) freeze(group, false);
  }
}

/**
 * Sends a signal to a process that was listed a moment ago.
 *
 * @returns Whether that is allowed; true for one that has ended since.
 */
export function sendSignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return false;
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return true;
}
