import { deepEqual, equal } from "../../support/assert.ts";
import { type JobList, jobListSchema } from "../../../lib/contract/mod.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";

Deno.test("list gives what is asked for, newest first, page by page", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using root = await Https.as(daemon, "root");
  const list = async (query = ""): Promise<JobList> =>
    jobListSchema.parse(await (await root.send("GET", `/v1/jobs${query}`)).json());
  deepEqual(await list(), { jobs: [], cursor: null, damaged: [] });

  for (const name of ["one", "two", "three"]) await alice.wait((await alice.start({ command: "true", name })).id);
  await root.start({ command: "sleep", args: ["1000"], name: "last" });
  const names = ({ jobs }: JobList) => jobs.map(({ name }) => name).join();
  equal(names(await list()), "last,three,two,one");
  equal(names(await list("?state=running")), "last");
  equal(names(await list("?state=exited,failed&owner=alice")), "three,two,one");
  equal(names(await list("?name=two")), "two");
  equal(names(await list("?job=last")), "last");
  equal(names(await list("?owner=nobody")), "");

  const first = await list("?limit=3");
  equal(names(first), "last,three,two");
  const second = await list(`?limit=3&cursor=${first.cursor}`);
  deepEqual([names(second), second.cursor], ["one", null]);
});
