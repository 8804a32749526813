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
  /** Descriptors open at once; one number for both limits. */
  openFiles?: number | SoftAndHard;
  /** A core dump's size; 0 is none. */
  coreBytes?: number;
}

/** A limit, and what a process may raise it to. */
export type SoftAndHard = { readonly soft: number; readonly hard: number };

/** Gives both parts of a limit. */
export function softAndHard(limit: number | SoftAndHard): SoftAndHard {
  return typeof limit === "number" ? { soft: limit, hard: limit } : limit;
}

/** The options of prlimit(1) that set these limits. */
export function prlimitOptions(limits: ProcessLimits): string[] {
  const { cpuTimeSeconds, addressSpaceBytes, fileSizeBytes, openFiles, coreBytes } = limits;
  const options: string[] = [];
  // The hard limit later than the soft one: a process that reaches both at once gets SIGKILL and no word of why.
  if (cpuTimeSeconds !== undefined) options.push(`--cpu=${cpuTimeSeconds}:${cpuTimeSeconds + 1}`);
  if (addressSpaceBytes !== undefined) options.push(`--as=${addressSpaceBytes}`);
  if (fileSizeBytes !== undefined) options.push(`--fsize=${fileSizeBytes}`);
  if (openFiles !== undefined) {
    options.push(`--nofile=${typeof openFiles === "number" ? openFiles : `${openFiles.soft}:${openFiles.hard}`}`);
  }
  if (coreBytes !== undefined) options.push(`--core=${coreBytes}`);
  return options;
}

const ROWS: Readonly<Record<string, keyof ProcessLimits>> = {
  "Max cpu time": "cpuTimeSeconds",
  "Max address space": "addressSpaceBytes",
  "Max file size": "fileSizeBytes",
  "Max open files": "openFiles",
  "Max core file size": "coreBytes",
};

/** The limits in the text of `/proc/PID/limits` (proc_pid_limits(5)) of those that were asked for: soft ones, or both as asked. */
export function parseProcessLimits(text: string, asked: ProcessLimits): ProcessLimits {
  const limits: ProcessLimits = {};
  for (const line of text.split("\n")) {
    const [, row = "", soft = "", hard = ""] = /^(Max [a-z ]+?) {2,}(\S+) +(\S+)/.exec(line) ?? [];
    const limit = ROWS[row];
    if (limit === undefined || asked[limit] === undefined || !/^\d+$/.test(soft)) continue;
    if (limit === "openFiles" && typeof asked.openFiles === "object" && /^\d+$/.test(hard)) {
      limits.openFiles = { soft: Number(soft), hard: Number(hard) };
    } else {
      limits[limit] = Number(soft);
    }
  }
  return limits;
}
