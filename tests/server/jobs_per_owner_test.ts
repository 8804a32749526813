import { equal, match } from "../support/assert.ts";
import { jobSchema } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { problemOf } from "./problem.ts";

Deno.test("--max-jobs-per-owner refuses an owner's next job with 429 and nobody else's; the Unix socket is an owner", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-jobs-per-owner", "2"] });
  const sleeper = { command: "sleep", args: ["1000"] };
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  using local = Deno.createHttpClient({ proxy: { transport: "unix", path: daemon.socket } });
  const locally = async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch("http://localhost/v1/jobs", {
      ...{ client: local, method: "POST", headers, body: JSON.stringify(sleeper) },
    });
    return new Response(await response.text(), response);
  };
  const { id } = await alice.start(sleeper);
  await alice.start(sleeper);
  const { detail } = await problemOf(await alice.send("POST", "/v1/jobs", sleeper), 429);
  match(detail ?? "", /^Cannot start the job: 2 of your jobs are running, which is the limit for one owner$/);
  equal((await bob.start(sleeper)).state, "running");
  for (let turn = 0; turn < 2; turn++) equal(jobSchema.parse(await (await locally()).json()).owner, "local");
  await problemOf(await locally(), 429);
  // Also counted by the next daemon, and given back at an end.
  await daemon.end();
  await daemon.run();
  using again = await Https.as(daemon, "alice");
  await problemOf(await again.send("POST", "/v1/jobs", sleeper), 429);
  await (await again.send("POST", `/v1/jobs/${id}/stop`, { graceSeconds: 0 })).body?.cancel();
  equal((await again.start(sleeper)).state, "running");
});
