/** What a process gets where nobody says otherwise; with more, programs that use select(2) break (systemd.exec(5)). */
const USUAL = 1024;
/** With less no shell can become a program. */
const LEAST = 20;

/**
 * The soft limit of open files that this process was started with, for jobs to have: Deno raises its own to the hard one before any of
 * our code runs. The launcher of a self-contained program passes on what it was; a program of `deno compile` raises nothing. Otherwise
 * nobody knows it any more, and it is taken for the usual one.
 */
export function inheritedOpenFiles(): number {
  const { soft, hard } = openFilesOf(Deno.readTextFileSync("/proc/self/limits"));
  if (Deno.build.standalone) return Math.max(soft, LEAST);
  const told = Deno.env.get("TELEWORKER_OPEN_FILES") ?? "";
  const inherited = told === "unlimited" ? hard : /^\d+$/.test(told) ? Number(told) : USUAL;
  return Math.min(Math.max(inherited, LEAST), hard);
}

/** How many files this process may have open. */
export function openFilesLimit(): number {
  return openFilesOf(Deno.readTextFileSync("/proc/self/limits")).soft;
}

/** As proc_pid_limits(5) has it. */
function openFilesOf(text: string): { soft: number; hard: number } {
  const [, soft, hard] = /^Max open files +(\d+) +(\d+)/m.exec(text) ?? [];
  return { soft: Number(soft ?? Infinity), hard: Number(hard ?? Infinity) };
}
