import { deepEqual, equal, ok } from "node:assert/strict";
import type { ListOptions } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

Deno.test("list gives the jobs that fit, newest first", async (t) => {
  await using test = await TestWorker.open();
  await test.run(["true"], { name: "one" });
  await test.run(["sh", "-c", "exit 1"], { name: "two" });
  await test.run(["true"], { name: "one", owner: "bob" });
  await test.run(["/no/such"], { name: "three" });
  const { id } = await test.start(["sleep", "1000"], { name: "four" });
  const names = (options: Omit<ListOptions, "limit">) =>
    test.worker.list({ limit: 100, ...options }).jobs.map(({ owner, name }) => `${owner}/${name}`);

  await t.step("all", () => {
    deepEqual(names({}), ["alice/four", "alice/three", "bob/one", "alice/two", "alice/one"]);
  });
  await t.step("by state, one or several", () => {
    deepEqual(names({ states: ["running"] }), ["alice/four"]);
    deepEqual(names({ states: ["failed", "running"] }), ["alice/four", "alice/three"]);
    deepEqual(names({ states: ["lost"] }), []);
    deepEqual(names({ states: [] }), []);
  });
  await t.step("by owner and name", () => {
    deepEqual(names({ owner: "bob" }), ["bob/one"]);
    deepEqual(names({ name: "one" }), ["bob/one", "alice/one"]);
    deepEqual(names({ name: "one", owner: "alice", states: ["exited"] }), ["alice/one"]);
    deepEqual(names({ name: "on" }), []);
  });
  await t.step("by a name, an id or its beginning", () => {
    deepEqual(names({ reference: "one" }), ["bob/one", "alice/one"]);
    deepEqual(names({ reference: id }), ["alice/four"]);
    ok(names({ reference: id.slice(0, 8) }).includes("alice/four"));
    deepEqual(names({ reference: "../" }), []);
  });
});

Deno.test("list goes on page by page, and misses nothing that was there when it began", async () => {
  await using test = await TestWorker.open();
  const ids: string[] = [];
  for (let index = 0; index < 7; index++) ids.unshift((await test.run(["true"])).id);
  const seen: string[] = [];
  let cursor: number | undefined;
  for (let pages = 0; pages < 10; pages++) {
    const page = test.worker.list({ limit: 3, cursor });
    seen.push(...page.jobs.map(({ id }) => id));
    if (page.cursor === null) break;
    ok(page.jobs.length === 3);
    cursor = page.cursor;
    // A job that comes or goes meanwhile moves no page.
    await test.run(["true"]);
    if (pages === 0) await test.worker.remove(ids[1] ?? "");
  }
  deepEqual(seen, ids);
  equal(test.worker.list({ limit: 3, cursor: 1 }).jobs.length, 0);
  equal(test.worker.list({ limit: 7, cursor: 8 }).cursor, null);
});

Deno.test("list keeps its order across workers", async () => {
  await using test = await TestWorker.open();
  for (let index = 0; index < 5; index++) await test.run(["true"]);
  const before = test.worker.list({ limit: 3 });
  await test.close();
  await test.open();
  deepEqual(test.worker.list({ limit: 3 }), before);
  const { id } = await test.run(["true"]);
  equal(test.worker.list({ limit: 1 }).jobs[0]?.id, id);
});
