import { equal, ok } from "../../support/assert.ts";
import { until } from "../../support/until.ts";
import { BOMB, limitTest, ready } from "./job.ts";

await limitTest("--pids 32 stops a bomb at 32", { limits: { pids: 32 } }, async ({ test, cgroups }) => {
  const { id } = await test.start(["sh", "-c", BOMB], { limits: { pids: 32 } });
  const group = cgroups.open(id);
  await until("it is at its limit", () => group.processes().length === 32, 600);
  for (let look = 0; look < 100; look++) ok(group.processes().length <= 32);
  const { usage } = await test.worker.stop(id, { graceSeconds: 0 });
  ok([32, null].includes(usage.processesPeak), `${usage.processesPeak}`);
});

await limitTest("--pids counts threads and processes that are there, not those that have been", {
  limits: { pids: 4 },
}, async ({ test }) => {
  const job = await test.run(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do (exit 0); done"], { limits: { pids: 4 } });
  equal(job.exitCode, 0);
});

await limitTest("a job without --pids has more", {}, async ({ test }) => {
  const job = await test.start(["sh", "-c", "for i in $(seq 64); do sleep 1000 & done; echo ready; wait"]);
  await ready(test, job.id);
  const { processes } = test.worker.status(job.id).usage;
  ok(processes === null || processes >= 64, `${processes}`);
});
