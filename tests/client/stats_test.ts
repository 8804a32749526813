import { deepEqual, equal, match } from "../support/assert.ts";
import { jobSchema } from "../../lib/contract/mod.ts";
import { canLimit } from "../support/cgroups.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { LiveClient } from "./live_client.ts";

Deno.test("stats shows what jobs use", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const busy = await alice.start({ command: "sh", args: ["-c", "while :; do :; done"], name: "busy" });
  const ended = await alice.start({ command: "true", name: "ended" });
  await alice.wait(ended.id);

  await t.step("a row for each running job, once where nobody looks", async () => {
    const { code, stdout, stderr } = await teleworker(daemon, ["stats"]);
    deepEqual([code, stderr], [0, ""]);
    const [head = "", row = "", ...rest] = stdout.trimEnd().split("\n");
    match(head, /^ID +NAME +STATE +CPU +CPU TIME +THROTTLED +MEMORY +PEAK +READ +WRITTEN +PROCESSES +MOST$/);
    match(row, new RegExp(`^${busy.id.slice(0, 8)} +busy +running +`));
    deepEqual(rest, []);
    if (canLimit) match(row, /running +\d+% +<?[\d.]+m?s +<?[\d.]+m?s +[\d.]+[BKM] /);
    else match(row, /running +- +- +- +- /);
  });

  await t.step("the jobs that are named, ended ones too", async () => {
    const { stdout } = await teleworker(daemon, ["stats", "--once", "ended", "busy"]);
    deepEqual(stdout.trimEnd().split("\n").slice(1).map((row) => row.split(/ +/)[1]), ["ended", "busy"]);
  });

  await t.step("the API's objects, a line each, again and again until they have ended", async () => {
    await using client = new LiveClient(daemon, ["--output", "json", "stats", "busy"]);
    await until("it has shown two", () => client.stdout.split("\n").length > 2);
    await alice.job(await alice.send("POST", `/v1/jobs/${busy.id}/stop`));
    const { code, stdout } = await client.ended;
    const jobs = stdout.trimEnd().split("\n").map((line) => jobSchema.parse(JSON.parse(line)));
    equal(code, 0);
    deepEqual([jobs[0]?.state, jobs.at(-1)?.state], ["running", "stopped"]);
  });

  await t.step("a job that is not there is an error", async () => {
    const { code, stderr } = await teleworker(daemon, ["stats", "--once", "nobody"]);
    deepEqual([code, stderr], [1, 'teleworker: There is no job "nobody"\n']);
  });
});
