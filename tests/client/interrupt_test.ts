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
      // Not a shell, which would tell of its children that the same signal ends.
      const program = '$| = 1; $SIG{TERM} = sub { print "bye\\n"; exit 3 }; print "ready\\n"; sleep 1 while 1';
      const name = `polite-${signal}`;
      await using client = new LiveClient(daemon, ["run", "--name", name, "--", "perl", "-e", program]);
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

  await t.step("Ctrl-C: children clean up → their last words are shown", async () => {
    const child = 'trap "sleep 0.3; echo bye; exit" TERM; echo ready; while :; do sleep 0.05; done';
    const args = ["run", "--name", "parent", "--", "sh", "-c", 'sh -c "$0" & exec sleep 1000', child];
    await using client = new LiveClient(daemon, args);
    await client.prints("ready");
    client.signal("SIGINT");
    const { code, stdout } = await client.ended;
    deepEqual({ code, stdout }, { code: 143, stdout: "ready\nbye\n" });
    deepEqual([(await named("parent")).state, (await named("parent")).signal], ["stopped", "SIGTERM"]);
  });

  await t.step("Ctrl-C twice: only a child is left → it is killed", async () => {
    const child = 'trap "echo term" TERM; echo ready; while :; do sleep 0.05; done';
    const args = ["run", "--name", "orphan", "--", "sh", "-c", 'sh -c "$0" & exec sleep 1000', child];
    await using client = new LiveClient(daemon, args);
    await client.prints("ready");
    client.signal("SIGINT");
    await client.prints("term");
    client.signal("SIGINT");
    const { code, stdout } = await client.ended;
    deepEqual({ code, stdout }, { code: 143, stdout: "ready\nterm\n" });
  });

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
    const { code, stderr } = await client.ended;
    deepEqual([code, stderr.match(/Killing/g)?.length], [130, 1]);
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
