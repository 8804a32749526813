import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { jobListSchema } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { problemOf } from "./problem.ts";

Deno.test("a damaged job is shown as such to those who may see it, and to nobody else", async (t) => {
  await using daemon = await Daemon.start();
  const start = async (name: string) => {
    using https = await Https.as(daemon, name);
    const { id } = await https.start({ command: "true" });
    await https.wait(id);
    return id;
  };
  const [known, unknown] = [await start("alice"), await start("alice")];
  await daemon.end();
  await Deno.truncate(join(daemon.state, "jobs", known, "ended.json"), 10);
  await Deno.truncate(join(daemon.state, "jobs", unknown, "spec.json"), 10);
  await daemon.run();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  using eve = await Https.as(daemon, "eve");
  using root = await Https.as(daemon, "root");
  const damagedOf = async (caller: Https, query = "") => {
    const list = jobListSchema.parse(await (await caller.send("GET", `/v1/jobs${query}`)).json());
    return list.damaged.map(({ id, owner, reason }) => [id, owner, reason]);
  };
  const requests = [
    ["GET", ""],
    ["GET", "?wait=true"],
    ["GET", "/stdout"],
    ["GET", "/stderr?follow=true"],
    ["POST", "/stop"],
  ] as const;

  await t.step("in lists", async () => {
    const both = [[known, "alice", 'its record "ended.json" is torn'], [
      unknown,
      null,
      'its record "spec.json" is torn',
    ]];
    for (const caller of [root, eve]) {
      for (const query of ["", "?state=running"]) {
        deepEqual((await damagedOf(caller, query)).toSorted(), both.toSorted());
      }
    }
    deepEqual(await damagedOf(alice), [both[0]]);
    deepEqual(await damagedOf(alice, `?job=${unknown}`), []);
    deepEqual(await damagedOf(bob), []);
    deepEqual(await damagedOf(bob, "?owner=alice"), []);
  });
  await t.step("in every route, with the reason", async () => {
    for (const [method, rest] of requests) {
      for (const caller of method === "POST" ? [root, alice] : [root, eve, alice]) {
        const problem = await problemOf(await caller.send(method, `/v1/jobs/${known}${rest}`), 500);
        equal(problem.detail, `Cannot use job "${known}", it is damaged: its record "ended.json" is torn`);
      }
      await problemOf(await root.send(method, `/v1/jobs/${unknown}${rest}`), 500);
    }
  });
  await t.step("as if there were none to an operator who is not known to own it", async () => {
    for (const [method, rest] of [...requests, ["DELETE", ""] as const]) {
      for (const [caller, id] of [[bob, known], [bob, unknown], [alice, unknown]] as const) {
        const { detail } = await problemOf(await caller.send(method, `/v1/jobs/${id}${rest}`), 404);
        equal(detail, `There is no job "${id}"`);
      }
    }
  });
  await t.step("by the client, which can remove it", async () => {
    const { code, stdout, stderr } = await teleworker(daemon, ["list"]);
    deepEqual([code, stdout], [0, "ID  NAME  OWNER  STATE  RAN FOR  COMMAND\n"]);
    equal(stderr, `teleworker: Job ${known} of alice is damaged: its record "ended.json" is torn\n`);
    const status = await teleworker(daemon, ["status", known.slice(0, 10)]);
    match(status.stderr, /^teleworker: Job \S+ of alice is damaged: its record "ended.json" is torn\n$/);
    equal((await teleworker(daemon, ["remove", known.slice(0, 10)])).stdout, `${known}\n`);
    equal((await teleworker(daemon, ["remove", unknown])).stderr, `teleworker: There is no job "${unknown}"\n`);
  });
  await t.step("and removed by who may", async () => {
    await problemOf(await eve.send("DELETE", `/v1/jobs/${unknown}`), 403);
    equal((await root.send("DELETE", `/v1/jobs/${unknown}`)).status, 204);
    deepEqual(await damagedOf(root), []);
    deepEqual([...Deno.readDirSync(join(daemon.state, "output"))], []);
  });
  // Set aside once each, and said once each.
  equal(daemon.log.match(/is damaged and set aside/g)?.length, 2);
});
