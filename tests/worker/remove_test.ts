import { existsSync } from "node:fs";
import { deepEqual, equal, rejects } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { runnersEnd, runnersOf, TestWorker } from "./worker.ts";

const unknown = { name: "WorkerError", refusal: "unknown" };

Deno.test("remove leaves nothing of an ended job", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["echo", "x"]);
  equal(test.filesOf(id).length >= 3, true);
  await test.worker.remove(id);
  await until("nothing is left", () => runnersOf(test.state, id).length === 0 && test.filesOf(id).length === 0);
  for (const ask of [() => test.worker.status(id), () => test.worker.remove(id), () => test.worker.wait(id)]) {
    await rejects(async () => await ask(), unknown);
  }
  equal(test.worker.owner(id), undefined);
});

Deno.test("remove stops a running job and leaves no process, no file and no cgroup of it", async () => {
  await using test = await TestWorker.open();
  const jobs = await Promise.all(Array.from({ length: 5 }, () => test.start(["sh", "-c", "echo x; exec sleep 1000"])));
  await Promise.all(jobs.map(({ id }) => test.worker.remove(id)));
  for (const { id, pid } of jobs) {
    equal(existsSync(`/proc/${pid}`), false);
    await until("nothing is left", () => runnersOf(test.state, id).length === 0 && test.filesOf(id).length === 0);
  }
  equal((await test.worker.list({ limit: 1 })).jobs.length, 0);
});

Deno.test("remove by two at once is one", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"]);
  const results = await Promise.allSettled([test.worker.remove(id), test.worker.remove(id), test.worker.stop(id)]);
  deepEqual(results.map(({ status }) => status), ["fulfilled", "fulfilled", "fulfilled"]);
  await until("nothing is left", () => test.filesOf(id).length === 0);
});

Deno.test("remove wakes who waits for the job", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"]);
  const waiting = test.worker.wait(id);
  await test.worker.remove(id);
  equal((await waiting).state, "stopped");
});

Deno.test("a job that was removed does not come back with the next worker", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"]);
  const { id: kept } = await test.run(["true"]);
  await test.worker.remove(id);
  await test.close();
  await test.open();
  deepEqual((await test.worker.list({ limit: 10 })).jobs.map((job) => job.id), [kept]);
});

Deno.test("a removal that a worker did not live to finish is finished by the next", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["echo", "x"]);
  await test.close();
  await runnersEnd(test.state);
  // As a worker leaves it that ends after the rename.
  await Deno.rename(`${test.state}/jobs/${id}`, `${test.state}/jobs/${id}.removed`);
  await test.open();
  await until("nothing is left", () => test.filesOf(id).length === 0);
  equal(test.worker.owner(id), undefined);
});
