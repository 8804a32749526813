import { deepEqual, equal, notEqual, rejects } from "../support/assert.ts";
import { canLimit } from "../support/cgroups.ts";
import { TestWorker } from "./worker.ts";

const refused = (refusal: string) => ({ name: "WorkerError", refusal });

Deno.test("a name is unique among its owner's jobs, ended ones too, until its job is removed", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"], { name: "nightly" });
  await rejects(test.start(["true"], { name: "nightly" }), refused("conflict"));
  const other = await test.start(["true"], { name: "nightly", owner: "bob" });
  equal(other.name, "nightly");
  await test.worker.remove(id);
  equal((await test.run(["true"], { name: "nightly" })).name, "nightly");
});

Deno.test("a name asked for by many at once is one's", async () => {
  await using test = await TestWorker.open();
  const starts = Array.from({ length: 10 }, () => test.start(["true"], { name: "nightly" }));
  const results = await Promise.allSettled(starts);
  equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  equal((await test.worker.list({ limit: 100 })).jobs.length, 1);
});

Deno.test("the same request with the same idempotency key starts one job", async () => {
  await using test = await TestWorker.open();
  const wish = { idempotencyKey: "key", name: "once" };
  const first = await test.start(["sh", "-c", "exit 3"], wish);
  equal((await test.start(["sh", "-c", "exit 3"], wish)).id, first.id);
  await test.worker.wait(first.id);
  equal((await test.start(["sh", "-c", "exit 3"], wish)).exitCode, 3);
  equal((await test.worker.list({ limit: 100 })).jobs.length, 1);
});

Deno.test("twenty requests at once with the same idempotency key start one job", async () => {
  await using test = await TestWorker.open();
  const starts = Array.from({ length: 20 }, () => test.start(["sleep", "1000"], { idempotencyKey: "key" }));
  const jobs = await Promise.all(starts);
  equal(new Set(jobs.map(({ id }) => id)).size, 1);
  // None is told of before it runs.
  for (const job of jobs) notEqual(job.pid, null);
});

Deno.test("another request with the same idempotency key is refused, another owner's is not the same", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"], { idempotencyKey: "key" });
  const idempotencyKey = "key";
  await rejects(test.start(["true", "x"], { idempotencyKey }), refused("conflict"));
  await rejects(test.start(["true"], { idempotencyKey, env: {} }), refused("conflict"));
  notEqual((await test.run(["true"], { idempotencyKey, owner: "bob" })).id, id);
});

Deno.test("an idempotency key holds across workers, and ends with its job", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.run(["true"], { idempotencyKey: "key" });
  await test.close();
  await test.open();
  equal((await test.start(["true"], { idempotencyKey: "key" })).id, id);
  await test.worker.remove(id);
  notEqual((await test.run(["true"], { idempotencyKey: "key" })).id, id);
});

Deno.test("more jobs than may run at once are refused until one has ended", async () => {
  await using test = await TestWorker.open({ maxJobs: 2 });
  const starts = Array.from({ length: 5 }, () => test.start(["sleep", "1000"]));
  const results = await Promise.allSettled(starts);
  equal(results.filter(({ status }) => status === "fulfilled").length, 2);
  await rejects(test.start(["true"]), refused("busy"));
  const [running] = (await test.worker.list({ limit: 1 })).jobs;
  await test.worker.stop(running?.id ?? "");
  equal((await test.run(["true"])).exitCode, 0);
  // A job that never started, and one that is refused, hold no place.
  equal((await test.run(["/no/such"])).state, "failed");
  equal((await test.run(["true"], { name: "a" })).exitCode, 0);
  await rejects(test.start(["true"], { name: "a" }), refused("conflict"));
  equal((await test.run(["true"])).exitCode, 0);
});

Deno.test("more jobs of one owner than may run at once are refused, also after a restart, and nobody else's", async () => {
  await using test = await TestWorker.open({ maxJobsPerOwner: 2 });
  const starts = Array.from({ length: 4 }, () => test.start(["sleep", "1000"]));
  const results = await Promise.allSettled(starts);
  equal(results.filter(({ status }) => status === "fulfilled").length, 2);
  const bobs = await test.start(["sleep", "1000"], { owner: "bob" });
  await test.close();
  await test.open();
  await rejects(test.start(["true"]), refused("busy"));
  await test.worker.stop(bobs.id);
  await rejects(test.start(["true"]), refused("busy"));
  const [running] = (await test.worker.list({ owner: "alice", limit: 1 })).jobs;
  await test.worker.remove(running?.id ?? "");
  // Neither what fails nor what is refused holds a place.
  for (const words of [["/no/such"], ["true"], ["true"]]) notEqual((await test.run(words)).state, "running");
});

Deno.test({
  name: "limits are refused where there is nothing to limit with (needs a host without cgroups)",
  ignore: canLimit,
  async fn() {
    await using test = await TestWorker.open();
    await rejects(test.start(["true"], { limits: { pids: 10 } }), refused("unsupported"));
    equal((await test.worker.list({ limit: 1 })).jobs.length, 0);
  },
});

Deno.test({
  name: "limits are the kernel's while a job runs, and what was asked after that",
  // There is nothing to limit with.
  ignore: !canLimit,
  async fn() {
    await using test = await TestWorker.open();
    const limits = { pids: 10, memoryBytes: 64 * 2 ** 20 };
    const { id } = await test.start(["sleep", "1000"], { limits });
    deepEqual(test.worker.status(id).limits, limits);
    deepEqual((await test.worker.stop(id)).limits, limits);
  },
});

Deno.test("a worker that is closed starts nothing", async () => {
  await using test = await TestWorker.open();
  const { worker } = test;
  await test.close();
  await rejects(worker.start({ owner: "alice", command: "true", args: [] }), refused("closing"));
});

Deno.test("two hundred jobs started at once all end as they should, with what they wrote", async () => {
  await using test = await TestWorker.open();
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const jobs = await Promise.all(
    numbers.map((number) => test.run(["sh", "-c", 'echo "out $0"; echo "err $0" >&2; exit "$0"', String(number)])),
  );
  for (const [number, { id, state, exitCode }] of jobs.entries()) {
    deepEqual({ state, exitCode }, { state: "exited", exitCode: number });
    equal(await test.text(id, "stdout"), `out ${number}\n`);
    equal(await test.text(id, "stderr"), `err ${number}\n`);
  }
  equal((await test.worker.list({ states: ["running"], limit: 1 })).jobs.length, 0);
});

Deno.test("Worker keeps every start that failed, also while it looks after its jobs", async () => {
  await using test = await TestWorker.open();
  const begunAt = performance.now();
  // Each runs a runner: in the guest a round takes seconds, and a few are enough for many looks.
  for (let round = 0; round < 60 && (round < 20 || performance.now() - begunAt < 30_000); round++) {
    const starts = Array.from(
      { length: 10 },
      () => test.worker.start({ owner: "alice", command: "/no/such", args: [] }),
    );
    for (const { id } of await Promise.all(starts)) equal(test.worker.status(id).state, "failed");
  }
});
