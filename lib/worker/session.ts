import { join } from "node:path";
import { logger } from "./logger.ts";
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
  return signalGroups(groupsOf(leader), signal);
}

/** What a job is held together by on a host without cgroups. */
export interface JobSession {
  readonly id: string;
  readonly folder: string;
  /** The job's main process. */
  readonly leader: Process;
  /** See {@linkcode signalSession}. */
  readonly witness: Process | null;
}

/**
 * Kills every process of a job's session. When neither leader nor witness is there, the number is still the job's if one of its processes
 * has an output of the job open, for no number is given away that has a process. What cannot be told so is left, and logged.
 * @throws {Deno.errors.PermissionDenied} as {@linkcode signalSession} does.
 */
export function killSession({ id, folder, leader, witness }: JobSession, bootId: string): void {
  if (signalSession(leader, witness, bootId, "SIGKILL") || leader.bootId !== bootId) return;
  const left = membersOf(leader);
  // Somebody else's, whose leader has the number of ours.
  if (left.length === 0 || left.some(({ pid }) => pid === leader.pid)) return;
  if (left.some(({ pid }) => writesOutput(pid, folder))) signalGroups(groupsOf(leader), "SIGKILL");
  else logger.warn("Processes {left} may be left of job {id}", { left: left.map(({ pid }) => pid), id });
}

/** Whether a process has one of the job's FIFOs open. */
function writesOutput(pid: number, folder: string): boolean {
  const outputs = ["stdout.fifo", "stderr.fifo"].map((name) => join(folder, name));
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) => {
      return outputs.includes(Deno.readLinkSync(`/proc/${pid}/fd/${name}`));
    });
  } catch {
    // It has ended, or may not be looked at.
    return false;
  }
}

/** Signals all of these. @returns and throws as {@linkcode signalSession}. */
function signalGroups(groups: ReadonlySet<number>, signal: Deno.Signal): boolean {
  const results = [...groups].map((group) => signalGroup(group, signal));
  const refused = results.find((result) => result instanceof Error);
  if (refused !== undefined) throw refused;
  return results.includes(true);
}

/** The process groups of a session in which something runs. */
function groupsOf(leader: Process): Set<number> {
  return new Set(membersOf(leader).map(({ group }) => group));
}

/** What runs in a session. */
function membersOf(leader: Process): { readonly pid: number; readonly group: number }[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    const stat = /^\d+$/.test(name) ? readStat(Number(name)) : null;
    if (stat?.session !== leader.pid || !stat.runs || stat.startTime < leader.startTime) return [];
    return [{ pid: Number(name), group: stat.group }];
  });
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
