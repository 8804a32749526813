import { deepEqual, equal, ok } from "../../support/assert.ts";
import { jobSchema, limitsSchema, usageSchema } from "../../../lib/contract/mod.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { RawConnection } from "../transport/raw.ts";

Deno.test("status says everything about a job, null where it does not apply", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  const job = await alice.job(await alice.send("GET", `/v1/jobs/${id}`));
  deepEqual(Object.keys(job).sort(), Object.keys(jobSchema.shape).sort());
  deepEqual(Object.keys(job.limits).sort(), Object.keys(limitsSchema.shape).sort());
  deepEqual(Object.keys(job.usage).sort(), Object.keys(usageSchema.shape).sort());
  const { name, exitCode, signal, reason, endedAt } = job;
  deepEqual({ name, exitCode, signal, reason, endedAt }, {
    name: null,
    exitCode: null,
    signal: null,
    reason: null,
    endedAt: null,
  });
  ok((job.durationSeconds ?? -1) >= 0);
});

Deno.test("status with wait answers when the job has ended", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sleep", args: ["1000"] });
  await using waiting = await RawConnection.open(daemon);
  await waiting.request(`GET /v1/jobs/${id}?wait=true`, "Connection: close");
  // The headers tell that the request has been understood.
  await waiting.said("200");
  equal(waiting.received.includes('"state"'), false);
  await (await bob.send("POST", `/v1/jobs/${id}/stop`)).body?.cancel();
  ok((await waiting.ended()).includes('"state":"stopped"'));
  equal((await alice.wait(id)).state, "stopped");
});
