/** Milliseconds between two looks: no event tells the end of a process that is not our child. */
const LOOK = 10;
/** Most looks, five seconds or more: one that waits for a dead disk does not end at all. */
const MOST_LOOKS = 500;

/** Kills a job's runner and its helpers. By their environment, for the record of who they are may be what is damaged. */
export async function killRunner(folder: string): Promise<void> {
  await until(() => {
    const pids = runnerProcesses(folder);
    for (const pid of pids) kill(pid);
    return pids.length === 0;
  });
}

/** Waits for what a runner that was killed has left behind, its drains, to put down what the job wrote; kills what does not end. */
export async function outliveRunner(folder: string): Promise<void> {
  await until(() => runnerProcesses(folder).length === 0);
  await killRunner(folder);
}

async function until(condition: () => boolean): Promise<void> {
  for (let look = 0; look < MOST_LOOKS && !condition(); look++) {
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** Process ids of a job's runner and its helpers. A job cannot be given such a variable; one that gives it to itself asks for it. */
function runnerProcesses(folder: string): number[] {
  const pids: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    try {
      if (!/^\d+$/.test(name)) continue;
      if (Deno.readTextFileSync(`/proc/${name}/environ`).split("\0").includes(`TELEWORKER_JOB=${folder}`)) {
        pids.push(Number(name));
      }
    } catch {
      // It has just ended, or is another user's.
    }
  }
  return pids;
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}
