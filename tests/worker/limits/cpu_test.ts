import { equal, ok } from "../../support/assert.ts";
import type { TestWorker } from "../worker.ts";
import { until } from "../../support/until.ts";
import { limitTest, perSecond } from "./job.ts";

const SPIN = "while :; do :; done";

function cpuSeconds(test: TestWorker, id: string): number {
  return test.worker.status(id).usage.cpuSeconds ?? 0;
}

await limitTest("--cpus 20% gives 20 % of a CPU", { limits: { cpus: 0.2 } }, async ({ test }) => {
  const { id } = await test.start(["sh", "-c", SPIN], { limits: { cpus: 0.2 } });
  await until("it has used 0.8 s", () => cpuSeconds(test, id) >= 0.8, 600);
  const job = await test.worker.stop(id, { graceSeconds: 0 });
  const share = perSecond(job, job.usage.cpuSeconds);
  ok(share > 0.15 && share < 0.25, `${share}`);
  ok((job.usage.cpuThrottledSeconds ?? 0) > 0);
});

await limitTest("--cpus 20% holds for all of a job together", { limits: { cpus: 0.2 } }, async ({ test }) => {
  const { id } = await test.start(["sh", "-c", `(${SPIN})& (${SPIN})& ${SPIN}`], { limits: { cpus: 0.2 } });
  await until("it has used 0.8 s", () => cpuSeconds(test, id) >= 0.8, 600);
  const job = await test.worker.stop(id, { graceSeconds: 0 });
  const share = perSecond(job, job.usage.cpuSeconds);
  ok(share > 0.15 && share < 0.25, `${share}`);
});

await limitTest("--cpu-weight 100 and 300 share one CPU 1:3", { limits: { cpuWeight: 1 } }, async ({ test }) => {
  const [cpu = "0"] = /^Cpus_allowed_list:\s*(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))?.slice(1) ?? [];
  const start = async (cpuWeight: number) =>
    (await test.start(["taskset", "-c", cpu, "sh", "-c", SPIN], { limits: { cpuWeight } })).id;
  const light = await start(100);
  const heavy = await start(300);
  const used = () => [cpuSeconds(test, light), cpuSeconds(test, heavy)] as const;
  await until("both run", () => used().every((seconds) => seconds > 0.1));
  const [lightBefore, heavyBefore] = used();
  await until("they have used 3 s", () => used()[0] + used()[1] > lightBefore + heavyBefore + 3, 600);
  const [lightAfter, heavyAfter] = used();
  const ratio = (heavyAfter - heavyBefore) / (lightAfter - lightBefore);
  ok(ratio > 2.4 && ratio < 3.75, `${ratio}`);
  equal(test.worker.status(heavy).limits.cpuWeight, 300);
});
