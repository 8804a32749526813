import { join } from "node:path";
import { detectCgroups } from "../../../lib/cgroup/mod.ts";
import type { Daemon } from "../../support/daemon.ts";
import { until } from "../../support/until.ts";
import { processes, runnersOf } from "../../worker/worker.ts";
import { MARK } from "./numbered.ts";

/** Process ids of those with this variable in their environment. */
export function processesWithVariable(name: string, value: string): number[] {
  return processes((pid) => Deno.readTextFileSync(`/proc/${pid}/environ`).split("\0").includes(`${name}=${value}`));
}

function withCommand(pid: number): string {
  try {
    return `${pid} (${Deno.readTextFileSync(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 200)})`;
  } catch {
    return `${pid} (ended)`;
  }
}

/** The names in the folders of a state folder where jobs have files. */
export function filesOfJobs(state: string): string[] {
  return ["jobs", "output", "ended"].flatMap((folder) =>
    [...Deno.readDirSync(join(state, folder))].map(({ name }) => join(folder, name))
  ).sort();
}

/** FIFOs in the folders of jobs. */
export function fifosOfJobs(state: string): string[] {
  const folders = [...Deno.readDirSync(join(state, "jobs"))].filter(({ isDirectory }) => isDirectory);
  return folders.flatMap(({ name }) =>
    [...Deno.readDirSync(join(state, "jobs", name))].map((entry) => join(name, entry.name))
  ).filter((path) => isFifo(join(state, "jobs", path)));
}

function isFifo(path: string): boolean {
  try {
    return Deno.lstatSync(path).isFifo === true;
  } catch {
    // It has been removed.
    return false;
  }
}

/** Waits until there is nothing of a kind any more. */
export async function allGone(what: string, find: () => readonly (string | number)[]): Promise<void> {
  let left = find();
  try {
    await until(`no ${what} is left`, () => (left = find()).length === 0);
  } catch (error) {
    throw new Error(`${left.length} ${what} left behind: ${left.slice(0, 10).join(", ")}`, { cause: error });
  }
}

/** Waits until a daemon whose jobs were all removed has nothing of them any more. `mark` stands in their environment. */
export async function nothingIsLeft(daemon: Pick<Daemon, "state" | "cgroupRoot">, mark: string): Promise<void> {
  await allGone("processes of jobs", () => processesWithVariable(MARK, mark).map(withCommand));
  await allGone("runners", () => runnersOf(daemon.state).map(withCommand));
  await allGone("files of jobs", () => filesOfJobs(daemon.state));
  await allGone("cgroups", () => detectCgroups({ name: daemon.cgroupRoot }).list());
}
