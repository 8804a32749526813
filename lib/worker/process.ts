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

/** What `/proc/PID/stat` says of a process (proc_pid_stat(5)). */
export interface Stat {
  /** Whether it runs: not a zombie, unless only its first thread has ended. */
  readonly runs: boolean;
  readonly group: number;
  readonly session: number;
  /** See {@linkcode processSchema}. */
  readonly startTime: number;
}

/** Parses the text of `/proc/PID/stat`. */
export function parseStat(stat: string): Stat {
  // The command's name stands in parentheses and may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads] = [fields[0], Number(fields[17])];
  return {
    runs: !(state === "Z" && threads <= 1) && state !== "X",
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
  };
}

/** Start time in clock ticks out of the text of `/proc/PID/stat`; null for a process that no longer runs. */
export function parseStartTime(stat: string): number | null {
  const { runs, startTime } = parseStat(stat);
  return runs && Number.isSafeInteger(startTime) ? startTime : null;
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

/**
 * Sends a signal to exactly this process.
 * @returns whether it was there to take it.
 */
export function signalProcess(process: Process, bootId: string, signal: Deno.Signal): boolean {
  if (!isAlive(process, bootId)) return false;
  try {
    Deno.kill(process.pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
