import { join } from "node:path";
import { hasFile, parseFlatKeyed, parseNumber, readLines, writeValue } from "./kernel_files.ts";
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
        kill(pid);
      }
    }
  } finally {
    for (const group of rest.flatMap(subgroups)) freeze(group, false);
  }
}

/** Freezes or thaws a group where it has a file for that: v1 in the freezer's tree, v2 in each since Linux 5.2. */
function freeze(group: string, frozen: boolean): void {
  if (hasFile(group, "freezer.state")) tryWrite(group, "freezer.state", frozen ? "FROZEN" : "THAWED");
  if (hasFile(group, "cgroup.freeze")) tryWrite(group, "cgroup.freeze", frozen ? "1" : "0");
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    // Ended by itself, or not ours to kill: then the group does not become empty, and the caller says so.
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

function tryWrite(group: string, file: string, value: string): void {
  try {
    writeValue(group, file, value);
  } catch {
    // Removed meanwhile; or the group does not become empty, and the caller says so.
  }
}
