import { deepEqual, equal, ok } from "../../support/assert.ts";
import { until } from "../../support/until.ts";
import { runnersOf } from "../worker.ts";
import { BOMB, limitTest, Mark, placesIn, readProcess, ready } from "./job.ts";

await limitTest(
  "a program is in its own group when it begins, under every controller",
  {},
  async ({ test, cgroups }) => {
    const job = await test.start(["sh", "-c", "cat /proc/$$/cgroup; exec sleep 1000"]);
    await until("it has told", async () => (await test.text(job.id)).includes("\n"));
    const group = cgroups.open(job.id);
    equal(placesIn(await test.text(job.id), group, test.cgroupRoot), group.directories.length);
    ok(group.directories.length > 0);
  },
);

// With little of the CPU, or nobody else would get a look.
const contained = { pids: 16, cpus: 0.2 };
await limitTest("a program that forks as the first thing has no process outside of its group", {
  limits: contained,
}, async ({ test, cgroups }) => {
  const mark = new Mark();
  const job = await test.start(["sh", "-c", BOMB], { env: mark.env, limits: contained });
  const group = cgroups.open(job.id);
  let seen = 0;
  await until("the bomb has gone off", () => {
    for (const pid of mark.processes()) {
      const memberships = readProcess(pid, "cgroup");
      // It is back at the root of the tree once it has ended; then it has no environment, either.
      if (memberships === null || !mark.isOn(pid)) continue;
      equal(placesIn(memberships, group, test.cgroupRoot), group.directories.length, memberships);
      seen++;
    }
    return seen > 64;
  }, 600);
  await test.worker.stop(job.id, { graceSeconds: 0 });
  deepEqual(mark.processes(), []);
});

await limitTest("runner and drains are never in the job's group", {}, async ({ test, cgroups }) => {
  const job = await test.start(["sh", "-c", "echo ready; exec sleep 1000"]);
  await ready(test, job.id);
  const group = cgroups.open(job.id);
  deepEqual(group.processes(), [job.pid]);
  const helpers = runnersOf(test.state, job.id);
  // The runner, two drains and setsid.
  ok(helpers.length >= 4, `${helpers}`);
  for (const pid of helpers) equal(placesIn(readProcess(pid, "cgroup") ?? "", group, test.cgroupRoot), 0);
  ok(!helpers.includes(job.pid ?? 0));
});

await limitTest("a job with the smallest number of processes runs, for only its own are counted", {
  limits: { pids: 1 },
}, async ({ test }) => {
  const job = await test.run(["cat", "/proc/self/status"], { limits: { pids: 1 } });
  deepEqual([job.state, job.exitCode], ["exited", 0]);
  ok([1, null].includes(job.usage.processesPeak), `${job.usage.processesPeak}`);
});
