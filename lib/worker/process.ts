import { z } from "zod";

/** A process as it can be told from a later one with the same number: pids are used again, start times and boots are not. */
export const processSchema = z.object({
  pid: z.int().positive(),
  /** Clock ticks between boot and start: field 22 of proc_pid_stat(5). */
  startTime: z.int().nonnegative(),
  /** `/proc/sys/kernel/random/boot_id`: another value after every boot (random(4)). */
  bootId: z.string(),
});

/** See {@linkcode processSchema}. */
export type Process = z.infer<typeof processSchema>;

/** The running kernel's boot id. */
export function readBootId(): string {
  return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
}

/**
 * Start time in clock ticks out of the text of `/proc/PID/stat`; null for a zombie, which no longer runs anything, unless only its
 * first thread has ended.
 */
export function parseStartTime(stat: string): number | null {
  // The command's name stands in parentheses and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads] = [fields[0], Number(fields[17])];
  if ((state === "Z" && threads <= 1) || state === "X") return null;
  const startTime = Number(fields[19]);
  return Number.isSafeInteger(startTime) ? startTime : null;
}

/** Whether exactly this process still runs. Synchronous, so that a signal can follow before anything else happens. */
export function isAlive(process: Process, bootId: string): boolean {
  if (process.bootId !== bootId) return false;
  try {
    return parseStartTime(Deno.readTextFileSync(`/proc/${process.pid}/stat`)) === process.startTime;
  } catch {
    return false;
  }
}

/** Whom a signal is for: one process, or all of the group that it leads (kill(2)). */
export type Addressee = "process" | "group";

/**
 * Sends a signal to exactly this process, or to the group that it leads.
 * @returns whether it was there to take it.
 */
export function signalProcess(
  process: Process,
  bootId: string,
  signal: Deno.Signal,
  addressee: Addressee = "process",
): boolean {
  if (!isAlive(process, bootId)) return false;
  try {
    Deno.kill(addressee === "group" ? -process.pid : process.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
