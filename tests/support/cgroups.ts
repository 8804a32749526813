import { detectCgroups } from "../../lib/cgroup/mod.ts";

/** Kills what is left below a test's cgroup root and removes it. */
export async function removeCgroups(name: string): Promise<void> {
  const cgroups = detectCgroups({ name });
  for (const id of cgroups.list()) {
    const cgroup = cgroups.open(id);
    await cgroup.kill();
    await cgroup.remove();
  }
  for (const mount of ["/sys/fs/cgroup", ...await controllerMounts()]) {
    await Deno.remove(`${mount}/${name}`).catch(() => {});
  }
}

/** Whether jobs can be limited here: there are cgroups, and we may use them. */
export const canLimit = await findOut();

async function findOut(): Promise<boolean> {
  const name = `tw-test-${crypto.randomUUID().slice(0, 8)}`;
  try {
    return detectCgroups({ name }).reason === null;
  } finally {
    await removeCgroups(name);
  }
}

async function controllerMounts(): Promise<string[]> {
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  return mounts.split("\n").filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(" ")[4] ?? "");
}
