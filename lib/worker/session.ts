import { isAlive, parseStat, type Process, type Stat } from "./process.ts";

/**
 * Sends a signal to every process of the session that this one made (setsid(2)): what holds a job together on a host without cgroups.
 *
 * To whole process groups, for that the kernel does at once: no child that is being forked is missed, and none that a handler of the
 * signal forks is signalled.
 * @param witness lives until nothing is left of the session. While neither it nor the leader is there, the session's number may be
 * another's, as in a container that was started again, and nothing is signalled.
 * @returns whether any was there to take it.
 * @throws {Deno.errors.PermissionDenied} when nothing of some group may be signalled; all others have been.
 */
export function signalSession(
  leader: Process,
  witness: Process | null,
  bootId: string,
  signal: Deno.Signal,
): boolean {
  if (![leader, witness].some((process) => process !== null && isAlive(process, bootId))) return false;
  const results = [...groupsOf(leader)].map((group) => signalGroup(group, signal));
  const refused = results.find((result) => result instanceof Error);
  if (refused !== undefined) throw refused;
  return results.includes(true);
}

/** The process groups of a session in which something runs. */
function groupsOf(leader: Process): Set<number> {
  const groups = new Set<number>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null;
    if (stat?.session === leader.pid && stat.runs && stat.startTime >= leader.startTime) groups.add(stat.group);
  }
  return groups;
}

function readStat(pid: number): Stat | null {
  try {
    return parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    // It has ended.
    return null;
  }
}

function signalGroup(group: number, signal: Deno.Signal): boolean | Error {
  try {
    Deno.kill(-group, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    if (error instanceof Deno.errors.PermissionDenied) return error;
    throw error;
  }
}
