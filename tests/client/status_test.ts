import { deepEqual, equal, match, ok } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { canLimit } from "../support/cgroups.ts";

/** The facts of `teleworker status`: name and value of each line. */
function facts(stdout: string): Map<string, string> {
  return new Map(stdout.trimEnd().split("\n").map((line) => [line.slice(0, 12).trimEnd(), line.slice(12)]));
}

Deno.test("status shows how a job is", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const limited = canLimit;

  await t.step("while it runs", async () => {
    const job = await alice.start({
      command: "sh",
      args: ["-c", "sleep 1000; exit $CODE"],
      name: "sleeper",
      env: { CODE: "3" },
      timeoutSeconds: 3600,
      ...(limited ? { limits: { cpus: 0.5, memoryBytes: 2 ** 26, pids: 10 } } : {}),
    });
    const look = async () => await alice.job(await alice.send("GET", `/v1/jobs/${job.id}`));
    if (limited) await until("its child runs", async () => (await look()).usage.processes === 2);
    const { code, stdout, stderr } = await teleworker(daemon, ["status", "sleeper"]);
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    const shown = facts(stdout);
    deepEqual(Object.fromEntries([...shown].filter(([name]) => !["ran for", "limits", "used"].includes(name))), {
      id: job.id,
      name: "sleeper",
      owner: "alice",
      command: "sh -c 'sleep 1000; exit $CODE'",
      folder: "/",
      environment: "CODE",
      state: "running",
      pid: String(job.pid),
      created: job.createdAt,
      started: job.startedAt,
      timeout: "1h00m",
      kept: "the newest 1G of each stream",
    });
    match(shown.get("ran for") ?? "", /^(<10ms|[\d.]+m?s)$/);
    if (!limited) return;
    equal(shown.get("limits"), "cpus 0.5, memory 64M, processes 10");
    match(shown.get("used") ?? "", /^cpu <?[\d.]+m?s, .*memory [\d.]+[KM], .*processes 2\b/);
  });

  await t.step("Status: stop scope main → it is shown", async () => {
    const { stdout } = await teleworker(daemon, ["start", "--stop-scope", "main", "--", "sleep", "1000"]);
    const shown = facts((await teleworker(daemon, ["status", stdout.trim()])).stdout);
    equal(shown.get("stop scope"), "main");
  });

  await t.step("after its end", async () => {
    const { id } = await alice.start({ command: "sh", args: ["-c", "exit 3"] });
    const job = await alice.wait(id);
    const shown = facts((await teleworker(daemon, ["query", id])).stdout);
    deepEqual([shown.get("state"), shown.get("ended"), shown.get("pid")], ["exited 3", job.endedAt, undefined]);
  });

  await t.step("when it never started, with the reason", async () => {
    const { id, reason } = await alice.start({ command: "no-such-program" });
    const shown = facts((await teleworker(daemon, ["status", id])).stdout);
    deepEqual([shown.get("state"), shown.get("reason"), shown.get("started")], ["failed", reason, undefined]);
  });

  await t.step("as exactly the API's object with --output json", async () => {
    const { id } = await alice.start({ command: "echo", args: ["ü", '"', "a\nb\x1b[31m"] });
    await alice.wait(id);
    const { code, stdout, stderr } = await teleworker(daemon, ["--output", "json", "status", id]);
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    deepEqual(JSON.parse(stdout), await (await alice.send("GET", `/v1/jobs/${id}`)).json());
    ok(!stdout.includes("\x1b"));
    equal(stdout.indexOf("\n"), stdout.length - 1);
  });
});
