import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { LiveClient } from "./live_client.ts";

Deno.test("run on Ctrl-C", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const named = async (name: string) => {
    const { jobs: [job] } = await (await alice.send("GET", `/v1/jobs?name=${name}`)).json();
    return await alice.job(await alice.send("GET", `/v1/jobs/${job.id}`));
  };

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await t.step(`stops the job by SIGTERM, and shows its last words (${signal})`, async () => {
      const program = 'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done';
      const name = `polite-${signal}`;
      await using client = new LiveClient(daemon, ["run", "--name", name, "--", "sh", "-c", program]);
      await client.prints("ready");
      client.signal(signal);
      deepEqual(await client.ended, {
        code: 3,
        stdout: "ready\nbye\n",
        stderr: "teleworker: Stopping the job; interrupt again to kill it\n",
      });
      deepEqual([(await named(name)).state, (await named(name)).exitCode], ["stopped", 3]);
    });
  }

  await t.step("kills the job the second time", async () => {
    const program = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
    await using client = new LiveClient(daemon, ["run", "--name", "stubborn", "--", "sh", "-c", program]);
    await client.prints("ready");
    client.signal("SIGINT");
    await client.notes("interrupt again to kill it");
    client.signal("SIGINT");
    const { code, stderr } = await client.ended;
    equal(code, 137);
    match(stderr, /Killing the job/);
    deepEqual([(await named("stubborn")).state, (await named("stubborn")).signal], ["stopped", "SIGKILL"]);
  });

  await t.step("leaves the job alone with --detach-on-interrupt, and says its id", async () => {
    const args = ["run", "--name", "detached", "--detach-on-interrupt", "--", "sh", "-c", "echo ready; sleep 1000"];
    await using client = new LiveClient(daemon, args);
    await client.prints("ready");
    client.signal("SIGINT");
    const { code, stderr } = await client.ended;
    const job = await named("detached");
    deepEqual({ code, stderr }, { code: 130, stderr: `teleworker: The job goes on: ${job.id}\n` });
    equal(job.state, "running");
  });

  await t.step("ends at once the third time, when the server is away", async () => {
    const args = ["run", "--name", "left", "--", "sh", "-c", "echo ready; sleep 1000"];
    await using client = new LiveClient(daemon, args);
    await client.prints("ready");
    await daemon.end("SIGKILL");
    await client.notes("trying again");
    for (const note of ["interrupt again to kill it", "interrupt again to leave it"]) {
      client.signal("SIGINT");
      await client.notes(note);
    }
    client.signal("SIGINT");
    equal((await client.ended).code, 130);
    await daemon.run();
    equal((await named("left")).state, "running");
  });
});

Deno.test("logs on Ctrl-C ends and leaves the job alone", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const { id } = await alice.start({ command: "sh", args: ["-c", "echo ready; sleep 1000"] });
  await using client = new LiveClient(daemon, ["logs", "-f", id]);
  await client.prints("ready");
  client.signal("SIGINT");
  deepEqual(await client.ended, { code: 130, stdout: "ready\n", stderr: "" });
  equal((await alice.job(await alice.send("GET", `/v1/jobs/${id}`))).state, "running");
});
