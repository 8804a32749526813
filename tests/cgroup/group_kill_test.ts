import assert from "node:assert/strict";
import { hasFile, readLines } from "../../lib/cgroup/kernel_files.ts";
import type { Cgroup } from "../../lib/cgroup/mod.ts";
import { cgroupTest, start, waitFor } from "./helpers.ts";

const sh = (group: Cgroup, script: string) => start(group, "/bin/sh", "-c", `exec >/dev/null; ${script}`);
const some = (group: Cgroup, count: number) => waitFor(`${count} processes`, () => group.processes().length >= count);

/** Kills the group and looks whether it is really empty, then and after its removal. */
async function killAndRemove(group: Cgroup): Promise<void> {
  const pids = group.processes();
  await group.kill();
  assert.deepEqual(group.processes(), []);
  // It leaves its group a moment before it is dead; what is left of one whose parent is not interested is a zombie.
  const isDead = (pid: number) => /\) [ZX]/.test(readLines(`/proc/${pid}/stat`)?.[0] ?? "gone) X");
  await waitFor("the end of all processes", () => pids.every(isDead));
  await group.remove();
  for (const directory of group.directories) assert.throws(() => Deno.statSync(directory), Deno.errors.NotFound);
}

await cgroupTest("Cgroup.kill ends a tree of 200 processes", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const ten = "i=0; while [ $i -lt 19 ]; do sleep 600 & i=$((i+1)); done; wait";
  const { ended } = sh(group, `j=0; while [ $j -lt 10 ]; do (${ten}) & j=$((j+1)); done; wait`);
  await some(group, 201);
  await killAndRemove(group);
  assert.equal((await ended).signal, "SIGKILL");
});

await cgroupTest("Cgroup.kill ends a daemon with a session of its own", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { ended } = sh(group, "(setsid sh -c 'trap \"\" TERM HUP INT; sleep 600 & wait' &)");
  assert.equal((await ended).code, 0);
  await some(group, 2);
  await killAndRemove(group);
});

await cgroupTest("Cgroup.kill ends a stopped process", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { pid, ended } = sh(group, "kill -STOP $$; sleep 600");
  await waitFor("the stop", () => /\) T/.test(readLines(`/proc/${pid}/stat`)?.[0] ?? ""));
  await killAndRemove(group);
  assert.equal((await ended).signal, "SIGKILL");
});

await cgroupTest("Cgroup.kill ends a frozen group", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { ended } = sh(group, "sleep 600 & wait");
  await some(group, 2);
  for (const directory of group.directories) {
    if (hasFile(directory, "freezer.state")) Deno.writeTextFileSync(`${directory}/freezer.state`, "FROZEN");
    if (hasFile(directory, "cgroup.freeze")) Deno.writeTextFileSync(`${directory}/cgroup.freeze`, "1");
  }
  await killAndRemove(group);
  assert.equal((await ended).signal, "SIGKILL");
});

await cgroupTest("Cgroup.kill outruns a fork bomb", { limits: { pids: 60 } }, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), { pids: 60 });
  // A shell that cannot fork ends, except within `command`; so this one stays at the limit.
  const { ended } = sh(group, "bomb() { while :; do command eval '(bomb) &'; done; }; bomb");
  await some(group, 60);
  await killAndRemove(group);
  await ended;
});

await cgroupTest("Cgroup.kill and remove reach groups that a job made below its own", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const nested = group.directories.map((directory) => `${directory}/a/b`);
  for (const directory of nested) Deno.mkdirSync(directory, { recursive: true });
  const { ended } = start({ directories: nested }, "/bin/sleep", "600");
  await some(group, 1);
  await killAndRemove(group);
  assert.equal((await ended).signal, "SIGKILL");
});

await cgroupTest(
  "Cgroup.kill and remove are done at once with a group that is empty or gone",
  {},
  async ({ cgroups }) => {
    const group = cgroups.create(crypto.randomUUID(), {});
    await group.kill();
    await group.remove();
    await group.remove();
    await group.kill();
  },
);

await cgroupTest("Cgroup.remove waits until the last process has left", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { ended } = sh(group, "sleep 600 & wait");
  await some(group, 2);
  const removed = group.remove();
  await group.kill();
  await removed;
  await ended;
  assert.deepEqual(cgroups.list(), []);
});
