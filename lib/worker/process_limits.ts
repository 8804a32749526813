/**
 * Limits that the kernel keeps for each process by itself, inherited by its children (getrlimit(2)). A job's cgroup limits hold for all
 * of it together.
 */
export interface ProcessLimits {
  /** CPU time: SIGXCPU when it is used up, SIGKILL a second of it later. */
  cpuTimeSeconds?: number;
  /** Virtual memory: allocations beyond fail. */
  addressSpaceBytes?: number;
  /** A file's size: SIGXFSZ for a write beyond. */
  fileSizeBytes?: number;
  /** Descriptors open at once. */
  openFiles?: number;
  /** A core dump's size; 0 is none. */
  coreBytes?: number;
}

/** The options of prlimit(1) that set these limits. */
export function prlimitOptions(limits: ProcessLimits): string[] {
  const { cpuTimeSeconds, addressSpaceBytes, fileSizeBytes, openFiles, coreBytes } = limits;
  const options: string[] = [];
  // The hard limit later than the soft one: a process that reaches both at once gets SIGKILL and no word of why.
  if (cpuTimeSeconds !== undefined) options.push(`--cpu=${cpuTimeSeconds}:${cpuTimeSeconds + 1}`);
  if (addressSpaceBytes !== undefined) options.push(`--as=${addressSpaceBytes}`);
  if (fileSizeBytes !== undefined) options.push(`--fsize=${fileSizeBytes}`);
  if (openFiles !== undefined) options.push(`--nofile=${openFiles}`);
  if (coreBytes !== undefined) options.push(`--core=${coreBytes}`);
  return options;
}

/** How many files this process may have open. */
export function openFilesLimit(): number {
  return parseProcessLimits(Deno.readTextFileSync("/proc/self/limits"), { openFiles: 1 }).openFiles ?? Infinity;
}

const ROWS: Readonly<Record<string, keyof ProcessLimits>> = {
  "Max cpu time": "cpuTimeSeconds",
  "Max address space": "addressSpaceBytes",
  "Max file size": "fileSizeBytes",
  "Max open files": "openFiles",
  "Max core file size": "coreBytes",
};

/** The soft limits in the text of `/proc/PID/limits` (proc_pid_limits(5)), of those that were asked for. */
export function parseProcessLimits(text: string, asked: ProcessLimits): ProcessLimits {
  const limits: ProcessLimits = {};
  for (const line of text.split("\n")) {
    const [, row = "", soft = ""] = /^(Max [a-z ]+?) {2,}(\S+)/.exec(line) ?? [];
    const limit = ROWS[row];
    if (limit !== undefined && asked[limit] !== undefined && /^\d+$/.test(soft)) limits[limit] = Number(soft);
  }
  return limits;
}
