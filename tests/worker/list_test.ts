import { join } from "node:path";
import { deepEqual, equal, ok, rejects } from "../support/assert.ts";
import type { ListOptions, Page } from "../../lib/worker/mod.ts";
import { canLimit } from "../support/cgroups.ts";
import { TestWorker } from "./worker.ts";

Deno.test("list gives the jobs that fit, newest first", async (t) => {
  await using test = await TestWorker.open();
  await test.run(["true"], { name: "one" });
  await test.run(["sh", "-c", "exit 1"], { name: "two" });
  await test.run(["true"], { name: "one", owner: "bob" });
  await test.run(["/no/such"], { name: "three" });
  const { id } = await test.start(["sleep", "1000"], { name: "four" });
  const names = async (options: Omit<ListOptions, "limit">) =>
    (await test.worker.list({ limit: 100, ...options })).jobs.map(({ owner, name }) => `${owner}/${name}`);

  await t.step("all", async () => {
    deepEqual(await names({}), ["alice/four", "alice/three", "bob/one", "alice/two", "alice/one"]);
  });
  await t.step("by state, one or several", async () => {
    deepEqual(await names({ states: ["running"] }), ["alice/four"]);
    deepEqual(await names({ states: ["failed", "running"] }), ["alice/four", "alice/three"]);
    deepEqual(await names({ states: ["lost"] }), []);
    deepEqual(await names({ states: [] }), []);
  });
  await t.step("by owner and name", async () => {
    deepEqual(await names({ owner: "bob" }), ["bob/one"]);
    deepEqual(await names({ name: "one" }), ["bob/one", "alice/one"]);
    deepEqual(await names({ name: "one", owner: "alice", states: ["exited"] }), ["alice/one"]);
    deepEqual(await names({ name: "on" }), []);
  });
  await t.step("by a name, an id or its beginning", async () => {
    deepEqual(await names({ reference: "one" }), ["bob/one", "alice/one"]);
    deepEqual(await names({ reference: id }), ["alice/four"]);
    ok((await names({ reference: id.slice(0, 8) })).includes("alice/four"));
    deepEqual(await names({ reference: "../" }), []);
  });
});

Deno.test("list goes on page by page, and misses nothing that was there when it began", async () => {
  await using test = await TestWorker.open();
  const ids: string[] = [];
  for (let index = 0; index < 7; index++) ids.unshift((await test.run(["true"])).id);
  const seen: string[] = [];
  let cursor: number | undefined;
  for (let pages = 0; pages < 10; pages++) {
    const page = await test.worker.list({ limit: 3, cursor });
    seen.push(...page.jobs.map(({ id }) => id));
    if (page.cursor === null) break;
    ok(page.jobs.length === 3);
    cursor = page.cursor;
    // A job that comes or goes meanwhile moves no page.
    await test.run(["true"]);
    if (pages === 0) await test.worker.remove(ids[1] ?? "");
  }
  deepEqual(seen, ids);
  equal((await test.worker.list({ limit: 3, cursor: 1 })).jobs.length, 0);
  equal((await test.worker.list({ limit: 7, cursor: 8 })).cursor, null);
});

Deno.test("list ends a page where arguments get long, or many, and goes on after it", async (t) => {
  const many = Array.from({ length: 333_333 }, () => "");
  for (
    const [what, args] of [["one of a million characters", ["x".repeat(1_000_000)]], ["many of none", many]] as const
  ) {
    await t.step(what, async () => {
      await using test = await TestWorker.open();
      const ids: string[] = [];
      // Too long for the host: such a job stays as failed, with its arguments.
      for (let index = 0; index < 7; index++) ids.unshift((await test.start(["true", ...args])).id);
      const first = await test.worker.list({ limit: 100 });
      const second = await test.worker.list({ limit: 100, cursor: first.cursor ?? 0 });
      deepEqual([first, second].map(({ jobs }) => jobs.length), [5, 2]);
      deepEqual([...first.jobs, ...second.jobs].map(({ id }) => id), ids);
      equal(second.cursor, null);
    });
  }
});

Deno.test({
  name: "list of many running jobs lets others have their turn",
  // What takes long is to read the cgroups.
  ignore: !canLimit,
  fn: async () => {
    await using test = await TestWorker.open();
    await Promise.all(Array.from({ length: 60 }, () => test.start(["sleep", "1000"])));
    const turn = Promise.withResolvers<string>();
    setTimeout(() => turn.resolve("another's turn"));
    const listing = test.worker.list({ limit: 100 });
    equal(await Promise.race([listing.then(() => "the list"), turn.promise]), "another's turn");
    equal((await listing).jobs.length, 60);
  },
});

Deno.test("list keeps its order across workers", async () => {
  await using test = await TestWorker.open();
  for (let index = 0; index < 5; index++) await test.run(["true"]);
  const before = await test.worker.list({ limit: 3 });
  await test.close();
  await test.open();
  deepEqual(await test.worker.list({ limit: 3 }), before);
  const { id } = await test.run(["true"]);
  equal((await test.worker.list({ limit: 1 })).jobs[0]?.id, id);
});

/** An owner's list, one job a page. */
async function pagesOf({ worker }: TestWorker, owner: string): Promise<Page[]> {
  const pages = [await worker.list({ limit: 1, owner })];
  for (let cursor = pages[0]?.cursor; typeof cursor === "number"; cursor = pages.at(-1)?.cursor) {
    pages.push(await worker.list({ limit: 1, owner, cursor }));
  }
  return pages;
}

/** The cursors of alice's list of one job a page, while so many of bob's lie before, between and after hers. */
async function cursorsBeside(others: number): Promise<(number | null)[]> {
  await using test = await TestWorker.open();
  for (let index = 0; index < 4; index++) {
    for (let other = 0; other < others; other++) await test.run(["true"], { owner: "bob" });
    await test.run(["true"]);
  }
  const cursorsOf = async (owner: string) => (await pagesOf(test, owner)).map(({ cursor }) => cursor);
  const before = await cursorsOf("alice");
  await test.close();
  await test.open();
  deepEqual(await cursorsOf("alice"), before);
  // Another's cursor is a place among her own jobs, whatever it was in his.
  for (const cursor of await cursorsOf("bob")) {
    const { jobs } = await test.worker.list({ limit: 10, owner: "alice", cursor: cursor ?? undefined });
    ok(jobs.every(({ owner }) => owner === "alice"));
  }
  return before;
}

Deno.test("list gives an owner cursors that tell nothing of how many jobs others have", async () => {
  deepEqual(await cursorsBeside(0), await cursorsBeside(2));
});

Deno.test("list goes on page by page of one owner's jobs also when what the cursor points at is removed", async () => {
  await using test = await TestWorker.open();
  const ids: string[] = [];
  for (let index = 0; index < 5; index++) {
    await test.run(["true"], { owner: "bob" });
    ids.unshift((await test.run(["true"])).id);
  }
  const first = await test.worker.list({ limit: 2, owner: "alice" });
  for (const { id } of first.jobs) await test.worker.remove(id);
  await test.close();
  await test.open();
  await test.run(["true"]);
  const second = await test.worker.list({ limit: 10, owner: "alice", cursor: first.cursor ?? undefined });
  deepEqual(second.jobs.map(({ id }) => id), ids.slice(2));
});

Deno.test("list gives records of before there was an owner's sequence their places", async () => {
  await using test = await TestWorker.open();
  const ids: string[] = [];
  for (let index = 0; index < 3; index++) ids.unshift((await test.run(["true"])).id);
  await test.close();
  for (const id of ids) {
    const path = join(test.state, "jobs", id, "spec.json");
    const { ownerSequence: _, ...older } = JSON.parse(await Deno.readTextFile(path));
    await Deno.writeTextFile(path, JSON.stringify(older));
  }
  await test.open();
  ids.unshift((await test.run(["true"])).id);
  deepEqual((await pagesOf(test, "alice")).flatMap(({ jobs }) => jobs.map(({ id }) => id)), ids);
});

Deno.test("list ends with who waits for it", async () => {
  await using test = await TestWorker.open();
  const signal = AbortSignal.abort(new Error("The peer has gone"));
  await rejects(test.worker.list({ limit: 1, signal }), /^Error: The peer has gone$/);
});
