/** The name that exec.sh gives its process (proc_pid_comm(5)); the kernel replaces it by that of the program (execve(2)). */
const LAUNCH_NAME = "teleworker-exec";
const POLL_INTERVAL_MS = 1;
/** How long a launch may take to become its program, or to end, until the job is taken for started all the same. */
const EXEC_TIMEOUT_MS = 2_000;

/**
 * Waits until the process of a launch has become the job's program. The shell that does it can say only before that it is about to; one that
 * cannot ends, and its runner records why.
 * @param ended resolves when the runner has ended.
 * @returns false when the runner has ended first.
 */
export async function hasBecomeProgram(pid: number, ended: Promise<unknown>): Promise<boolean> {
  let over = false;
  const end = ended.then(() => over = true);
  const deadline = performance.now() + EXEC_TIMEOUT_MS;
  while (!over && performance.now() < deadline) {
    const name = nameOf(pid);
    if (name !== null && name !== LAUNCH_NAME) return true;
    await Promise.race([end, new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))]);
  }
  return !over;
}

/** The name of a process; null when it has ended. */
function nameOf(pid: number): string | null {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/comm`).trimEnd();
  } catch {
    return null;
  }
}
