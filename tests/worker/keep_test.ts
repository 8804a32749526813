import { join } from "node:path";
import { deepEqual, equal } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { readUptime } from "../../lib/worker/job.ts";
import type { Action } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

const namesOf = async (test: TestWorker) => (await test.worker.list({ limit: 100 })).jobs.map(({ name }) => name);

/** Runs jobs one after the other, then opens the worker anew: it looks for what is old when it opens. */
async function runInTurn(test: TestWorker, names: readonly string[]): Promise<void> {
  for (const name of names) await test.run(["head", "-c", "100000", "/dev/zero"], { name });
  await test.close();
  // Ages have the resolution of /proc/uptime, a hundredth of a second: the last job is older than that then.
  const ended = readUptime();
  await until("a tick has passed", () => readUptime() > ended);
  await test.open();
}

Deno.test("ended jobs are kept up to a number, the newest; running ones stay", async () => {
  await using test = await TestWorker.open({ keep: { jobs: 2 } });
  await test.start(["sleep", "1000"], { name: "oldest" });
  await runInTurn(test, ["one", "two", "three", "four"]);
  await until("the old are gone", async () => (await namesOf(test)).length === 3);
  deepEqual(await namesOf(test), ["four", "three", "oldest"]);
  await until("their logs are gone, too", () => [...Deno.readDirSync(join(test.state, "output"))].length === 6);
});

Deno.test("ended jobs are kept up to so many bytes of output, the newest", async () => {
  await using test = await TestWorker.open({ keep: { bytes: 250_000 } });
  await runInTurn(test, ["one", "two", "three", "four"]);
  await until("the old are gone", async () => (await namesOf(test)).length === 2);
  deepEqual(await namesOf(test), ["four", "three"]);
});

Deno.test("ended jobs are kept for a time", async () => {
  await using test = await TestWorker.open({ keep: { seconds: 0.001 } });
  await runInTurn(test, ["one", "two"]);
  await until("all are gone", async () => (await namesOf(test)).length === 0);
});

Deno.test("ended jobs are kept unless there is a reason", async () => {
  await using test = await TestWorker.open();
  await runInTurn(test, ["one", "two"]);
  deepEqual(await namesOf(test), ["two", "one"]);
});

const REASONS = [
  [{ jobs: 1 }, "Only the newest 1 ended jobs are kept"],
  [{ bytes: 150_000 }, "Only 150000 bytes of ended jobs' output are kept"],
  [{ seconds: 0.001 }, "Ended jobs are kept for 0.001 s"],
] as const;
for (const [keep, reason] of REASONS) {
  Deno.test(`who wants to know is told of each job that is not kept: ${reason}`, async () => {
    const actions: Action[] = [];
    await using test = await TestWorker.open({ keep, onAction: (action) => actions.push(action) });
    const { id } = await test.run(["head", "-c", "100000", "/dev/zero"], { owner: "bob" });
    equal(actions.length, 0);
    await runInTurn(test, ["newer"]);
    await until("bob's job is gone", () => test.worker.owner(id) === undefined);
    deepEqual(actions.filter((action) => action.id === id), [{ kind: "remove", id, owner: "bob", reason }]);
  });
}

Deno.test("a removal that is asked for is told to nobody", async () => {
  const actions: Action[] = [];
  await using test = await TestWorker.open({ onAction: (action) => actions.push(action) });
  const { id } = await test.start(["sleep", "1000"]);
  await test.worker.remove(id);
  deepEqual(actions, []);
});
