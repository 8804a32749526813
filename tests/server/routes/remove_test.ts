import { join } from "node:path";
import { deepEqual, equal } from "../../support/assert.ts";
import { Daemon } from "../../support/daemon.ts";
import { Https } from "../../support/https.ts";
import { until } from "../../support/until.ts";
import { problemOf } from "../problem.ts";

Deno.test("remove answers 204 and leaves nothing of the job, running or not", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const running = await alice.start({ command: "sleep", args: ["1000"] });
  const ended = await alice.start({ command: "true" });
  await alice.wait(ended.id);
  for (const { id } of [running, ended]) {
    const response = await alice.send("DELETE", `/v1/jobs/${id}`);
    deepEqual([response.status, await response.text()], [204, ""]);
    await problemOf(await alice.send("GET", `/v1/jobs/${id}`), 404);
    await problemOf(await alice.send("DELETE", `/v1/jobs/${id}`), 404);
  }
  const files = (folder: string) => [...Deno.readDirSync(join(daemon.state, folder))].length;
  await until("nothing is left", () => files("jobs") + files("output") + files("ended") === 0);
  equal(daemon.log.includes("ERROR"), false, daemon.log);
});
