import { deepEqual, equal } from "../support/assert.ts";
import { jobListSchema } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { problemOf } from "./problem.ts";

Deno.test("another's job is to an operator as if there were none", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  using eve = await Https.as(daemon, "eve");
  using root = await Https.as(daemon, "root");
  const { id } = await bob.start({ command: "sleep", args: ["1000"], name: "secret" });
  const own = await alice.start({ command: "true", args: [] });
  const idsOf = async (caller: Https, query = "") => {
    const response = await caller.send("GET", `/v1/jobs${query}`);
    return jobListSchema.parse(await response.json()).jobs.map(({ id }) => id);
  };

  await t.step("in every route, in the same words", async () => {
    const nobodys = crypto.randomUUID();
    const requests = [
      ["GET", ""],
      ["GET", "?wait=true"],
      ["GET", "/stdout"],
      ["GET", "/stderr?follow=true"],
      ["GET", "/stdout?nonsense"],
      ["POST", "/stop"],
      ["DELETE", ""],
    ] as const;
    for (const [method, rest] of requests) {
      const others = await problemOf(await alice.send(method, `/v1/jobs/${id}${rest}`), 404);
      const none = await problemOf(await alice.send(method, `/v1/jobs/${nobodys}${rest}`), 404);
      equal(JSON.stringify(others).replaceAll(id, ""), JSON.stringify(none).replaceAll(nobodys, ""));
    }
  });
  await t.step("by its name and by the beginning of its id, which name no job in a path", async () => {
    for (const reference of ["secret", id.slice(0, 8), id.toUpperCase(), `${id}%00`, "%2e%2e"]) {
      for (const [method, rest] of [["GET", ""], ["GET", "/stdout"], ["POST", "/stop"], ["DELETE", ""]] as const) {
        await problemOf(await alice.send(method, `/v1/jobs/${reference}${rest}`), 404);
      }
    }
    equal((await bob.job(await bob.send("GET", `/v1/jobs/${id}`))).state, "running");
  });
  await t.step("in lists, whatever is asked for", async () => {
    deepEqual(await idsOf(alice), [own.id]);
    for (
      const query of [
        `job=${id}`,
        `job=${id.slice(0, 6)}`,
        "job=secret",
        "name=secret",
        "owner=bob",
        "owner=bob&job=secret",
      ]
    ) {
      deepEqual((await idsOf(alice, `?${query}`)).filter((listed) => listed !== own.id), []);
    }
    deepEqual(await idsOf(alice, "?owner=alice"), [own.id]);
  });
  await t.step("in the cursors of lists", async () => {
    const cursors: (string | null)[] = [];
    for (let turn = 0; turn < 2; turn++) {
      await bob.start({ command: "true", args: [] });
      await alice.start({ command: "true", args: [] });
      const response = await alice.send("GET", "/v1/jobs?limit=1");
      cursors.push(jobListSchema.parse(await response.json()).cursor);
    }
    // One job of her own more each time, whatever others did meanwhile.
    deepEqual(cursors, ["2", "3"]);
    const none = await alice.send("GET", "/v1/jobs?cursor=1000");
    deepEqual(jobListSchema.parse(await none.json()).jobs.map(({ owner }) => owner), ["alice", "alice", "alice"]);
  });
  await t.step("in names and idempotency keys, which are everyone's own", async () => {
    const named = await alice.start({ command: "true", args: [], name: "secret" });
    deepEqual(await idsOf(alice, "?job=secret"), [named.id]);
    const start = async (caller: Https) =>
      await caller.job(await caller.send("POST", "/v1/jobs", { command: "true" }, { "idempotency-key": "key" }));
    equal((await start(bob)).owner, "bob");
    equal((await start(alice)).owner, "alice");
  });
  await t.step("while who looks at all and who may do all see it", async () => {
    for (const caller of [eve, root]) {
      deepEqual(await idsOf(caller, "?owner=bob&name=secret"), [id]);
      equal((await caller.job(await caller.send("GET", `/v1/jobs/${id}`))).owner, "bob");
    }
  });
  equal((await bob.job(await bob.send("GET", `/v1/jobs/${id}`))).state, "running");
});
