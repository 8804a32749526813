/** Memory of a process in KiB, from proc_pid_status(5) and proc_pid_smaps(5). */
export interface Memory {
  readonly rss: number;
  readonly pss: number;
  /** Without what is mapped from files. */
  readonly anonymous: number;
}

/** Reads the memory of a process. */
export async function readMemory(pid: number): Promise<Memory> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const rollup = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return { rss: kib(status, "VmRSS"), pss: kib(rollup, "Pss"), anonymous: kib(rollup, "Anonymous") };
}

function kib(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN);
}

/** KiB as text in MiB. */
export function formatMemory(kib: number): string {
  return `${(kib / 1024).toFixed(1)} MiB`;
}

/** Growth from one reading to another per thing that was added, all three ways of counting, as text. */
export function formatGrowth(before: Memory, after: Memory, count: number): string {
  const each = (field: keyof Memory) => `${((after[field] - before[field]) / count).toFixed(1)} KiB`;
  return `RSS ${each("rss")}, Pss ${each("pss")}, anonymous ${each("anonymous")}`;
}
