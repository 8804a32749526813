import { deepEqual, equal, match, notEqual } from "../../support/assert.ts";
import { jobListSchema } from "../../../lib/contract/mod.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { problemOf } from "../problem.ts";

Deno.test("start answers 201 with the job and where it is", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const response = await alice.send("POST", "/v1/jobs", { command: "sleep", args: ["1000"], env: { A: "b" } });
  equal(response.status, 201);
  const location = response.headers.get("location");
  const job = await alice.job(response);
  equal(location, `/v1/jobs/${job.id}`);
  deepEqual([job.owner, job.state, job.envNames], ["alice", "running", ["A"]]);
  equal((await alice.job(await alice.send("GET", location))).id, job.id);
});

Deno.test("start of what cannot be started makes a job that says why", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const response = await alice.send("POST", "/v1/jobs", { command: "/no/such" });
  equal(response.status, 201);
  const job = await alice.job(response);
  deepEqual([job.state, job.exitCode, job.reason], ["failed", null, 'Cannot start "/no/such": no such file']);
});

Deno.test("start with an idempotency key starts one job, however often and by how many at once", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  const start = async (caller: Https, body: object, key = "key") =>
    await caller.send("POST", "/v1/jobs", body, { "idempotency-key": key });
  const body = { command: "sleep", args: ["1000"] };
  const jobs = await Promise.all(
    Array.from({ length: 20 }, async () => await alice.job(await start(alice, body))),
  );
  equal(new Set(jobs.map(({ id }) => id)).size, 1);
  await problemOf(await start(alice, { ...body, args: ["999"] }), 409);
  notEqual((await bob.job(await start(bob, body))).id, jobs[0]?.id);
  for (const key of ["a b", "x".repeat(129)]) await problemOf(await start(alice, body, key), 400);
  const { jobs: all } = jobListSchema.parse(await (await alice.send("GET", "/v1/jobs")).json());
  equal(all.length, 1);
});

Deno.test("start under a name that is taken is a conflict", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  await alice.start({ command: "true", name: "nightly" });
  const problem = await problemOf(await alice.send("POST", "/v1/jobs", { command: "true", name: "nightly" }), 409);
  match(problem.detail ?? "", /"nightly"/);
});

Deno.test("start with limits that the host cannot keep is told so, before anything is started", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const version = await (await alice.send("GET", "/v1/version")).json();
  const limits = { pids: 100 };
  const response = await alice.send("POST", "/v1/jobs", { command: "true", limits });
  if (version.cgroup.reason !== null) {
    match((await problemOf(response, 422)).detail ?? "", /^Cannot limit processes: /);
  } else {
    const job = await alice.job(response);
    equal(job.limits["pids"], 100);
    equal(job.limits["memoryBytes"], null);
  }
});

Deno.test("two hundred jobs started at once all end as they should, with what they wrote", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const run = async (number: number) => {
    const { id } = await alice.start({ command: "sh", args: ["-c", 'echo "out $0"; exit "$0"', String(number)] });
    const [job, output] = await Promise.all([alice.wait(id), alice.send("GET", `/v1/jobs/${id}/stdout?follow=true`)]);
    return [job.state, job.exitCode, await output.text()];
  };
  const numbers = Array.from({ length: 200 }, (_, number) => number);
  const ends = await Promise.all(numbers.map(run));
  deepEqual(ends, numbers.map((number) => ["exited", number, `out ${number}\n`]));
});
