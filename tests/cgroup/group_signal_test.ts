import { deepEqual, equal } from "../support/assert.ts";
import { cgroupTest, start, waitFor } from "./helpers.ts";

await cgroupTest("Cgroup.signal: groups below → every process gets it once", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const nested = group.directories.map((directory) => `${directory}/a/b`);
  for (const directory of nested) Deno.mkdirSync(directory, { recursive: true });
  const log = await Deno.makeTempFile();
  try {
    // The second handler runs once the first has ended, as bash and dash do.
    const script =
      `trap 'echo term >>${log}' TERM; trap 'exit 0' USR1; echo ready >>${log}; while :; do sleep 0.02; done`;
    const programs = [start(group, "sh", "-c", script), start({ directories: nested }, "sh", "-c", script)];
    const lines = () => Deno.readTextFileSync(log).trim().split("\n").sort();
    await waitFor("both to listen", () => lines().length === 2);
    deepEqual(await group.signal("SIGTERM"), []);
    await waitFor("both to get it", () => lines().length >= 4);
    deepEqual(await group.signal("SIGUSR1"), []);
    for (const { ended } of programs) equal((await ended).code, 0);
    deepEqual(lines(), ["ready", "ready", "term", "term"]);
  } finally {
    await Deno.remove(log);
  }
  await group.kill();
  await group.remove();
});

await cgroupTest("Cgroup.signal: many at once → none leaves it frozen", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  const { ended } = start(group, "sh", "-c", "trap '' TERM; sleep 600 & wait");
  await waitFor("its child", () => group.processes().length === 2);
  await Promise.all(Array.from({ length: 10 }, () => group.signal("SIGTERM")));
  // A frozen process of v1 does not even die.
  for (const pid of group.processes()) Deno.kill(pid, "SIGKILL");
  equal((await ended).signal, "SIGKILL");
  await group.remove();
});

await cgroupTest("Cgroup.signal: group is empty or gone → nothing happens", {}, async ({ cgroups }) => {
  const group = cgroups.create(crypto.randomUUID(), {});
  deepEqual(await group.signal("SIGTERM"), []);
  await group.remove();
  deepEqual(await group.signal("SIGTERM"), []);
});
