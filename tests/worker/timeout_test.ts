import { deepEqual, equal } from "../support/assert.ts";
import type { Action } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

Deno.test("a job that runs past its timeout is ended and says so", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["sleep", "1000"], { timeoutSeconds: 0.3 });
  const { state, signal, reason, timeoutSeconds } = job;
  deepEqual({ state, signal, reason, timeoutSeconds }, {
    state: "signaled",
    signal: "SIGTERM",
    reason: "It ran past its timeout of 0.3 s",
    timeoutSeconds: 0.3,
  });
});

Deno.test("a job that ends in time says nothing of its timeout", async () => {
  await using test = await TestWorker.open();
  const job = await test.run(["sh", "-c", "exit 3"], { timeoutSeconds: 1000 });
  deepEqual([job.state, job.exitCode, job.reason], ["exited", 3, null]);
});

Deno.test("a job that is stopped before its timeout was stopped, not timed out", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"], { timeoutSeconds: 1000 });
  const job = await test.worker.stop(id);
  deepEqual([job.state, job.signal, job.reason], ["stopped", "SIGTERM", null]);
});

Deno.test("a timeout beyond what a timer can hold does not come at once", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sh", "-c", "sleep 0.5; exit 9"], { timeoutSeconds: 300 * 86_400 });
  equal((await test.worker.wait(id)).exitCode, 9);
});

Deno.test("a timeout that comes while no worker is there is enforced by the next", async () => {
  await using test = await TestWorker.open();
  const { id } = await test.start(["sleep", "1000"], { timeoutSeconds: 1000 });
  await test.close();
  await test.rewrite(id, "spec.json", { timeoutSeconds: 0.2 });
  await test.open();
  equal((await test.worker.wait(id)).reason, "It ran past its timeout of 0.2 s");
});

Deno.test("who wants to know is told of each stop at a timeout, and of no other", async () => {
  const actions: Action[] = [];
  await using test = await TestWorker.open({ onAction: (action) => actions.push(action) });
  const { id } = await test.run(["sleep", "1000"], { timeoutSeconds: 0.3 });
  const reason = "It ran past its timeout of 0.3 s";
  deepEqual(actions, [{ kind: "stop", id, owner: "alice", reason }]);
  await test.run(["true"], { timeoutSeconds: 1000 });
  await test.worker.stop((await test.start(["sleep", "1000"], { timeoutSeconds: 1000 })).id);
  const late = await test.start(["sleep", "1000"], { timeoutSeconds: 1000, owner: "bob" });
  await test.close();
  await test.rewrite(late.id, "spec.json", { timeoutSeconds: 0.3 });
  await test.open();
  await test.worker.wait(late.id);
  deepEqual(actions.slice(1), [{ kind: "stop", id: late.id, owner: "bob", reason }]);
});
