import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { LiveClient } from "./live_client.ts";

/** Enough for a job to hear its signal on a slow machine. */
const GRACE = "2s";

Deno.test("stop stops jobs", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  using bob = await Https.as(daemon, "bob");
  /** A job that says which signals it gets, and ends by none but KILL; it has begun to listen. */
  const listening = async () => {
    const trap = (signal: string) => `trap "echo ${signal}" ${signal};`;
    const program = `${["HUP", "TERM", "USR1"].map(trap).join("")} echo ready; while :; do sleep 0.02; done`;
    const { id } = await alice.start({ command: "sh", args: ["-c", program] });
    await until("the job listens", async () => (await output(id)) === "ready\n");
    return id;
  };
  const output = async (id: string) => await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text();
  const sleeping = async (name: string) => (await alice.start({ command: "sleep", args: ["1000"], name })).id;

  await t.step("by SIGTERM", async () => {
    const id = await sleeping("plain");
    deepEqual(await teleworker(daemon, ["stop", "plain"]), { code: 0, stdout: `${id} stopped SIGTERM\n`, stderr: "" });
    equal((await alice.wait(id)).state, "stopped");
  });

  await t.step("by another signal, with and without its SIG, or by its number", async () => {
    const ways = [[["--signal", "USR1"], "USR1"], [["-s", "sighup"], "HUP"], [["-s", "10"], "USR1"]] as const;
    await Promise.all(ways.map(async ([flags, heard]) => {
      const id = await listening();
      const { code, stdout } = await teleworker(daemon, ["stop", ...flags, "--grace", GRACE, id]);
      deepEqual({ code, stdout }, { code: 0, stdout: `${id} stopped SIGKILL\n` });
      equal(await output(id), `ready\n${heard}\n`);
    }));
  });

  await t.step("that ignore it, by SIGKILL after the grace", async () => {
    const id = await listening();
    const { stdout } = await teleworker(daemon, ["stop", "--grace", GRACE, id]);
    equal(stdout, `${id} stopped SIGKILL\n`);
    equal(await output(id), "ready\nTERM\n");
  });

  await t.step("by SIGKILL at once with --kill", async () => {
    const id = await listening();
    equal((await teleworker(daemon, ["stop", "--kill", id])).stdout, `${id} stopped SIGKILL\n`);
    equal(await output(id), "ready\n");
  });

  await t.step("several at the same time", async () => {
    const ids = [await listening(), await listening(), await sleeping("third")];
    const { code, stdout } = await teleworker(daemon, ["stop", "--grace", "3s", ...ids]);
    const [first, second, third] = ids;
    const lines = `${first} stopped SIGKILL\n${second} stopped SIGKILL\n${third} stopped SIGTERM\n`;
    deepEqual({ code, stdout }, { code: 0, stdout: lines });
    const [{ endedAt: one }, { endedAt: other }] = [await alice.wait(first ?? ""), await alice.wait(second ?? "")];
    // One after the other they would be three seconds apart at least.
    equal(Math.abs(Date.parse(one ?? "") - Date.parse(other ?? "")) < 3000, true);
  });

  await t.step("and leaves alone what has ended", async () => {
    const { id } = await alice.start({ command: "sh", args: ["-c", "exit 3"] });
    const before = await alice.wait(id);
    deepEqual(await teleworker(daemon, ["stop", id]), { code: 0, stdout: `${id} exited 3\n`, stderr: "" });
    deepEqual(await alice.wait(id), before);
  });

  await t.step("as the API's objects with --output json", async () => {
    const id = await sleeping("as-json");
    const { stdout } = await teleworker(daemon, ["--output", "json", "stop", "as-json"]);
    deepEqual(JSON.parse(stdout), await alice.wait(id));
  });

  await t.step("but none if one of them is not there, or somebody else's", async () => {
    const theirs = await bob.start({ command: "sleep", args: ["1000"], name: "theirs" });
    const mine = await sleeping("mine");
    for (const other of ["nope", "theirs", theirs.id]) {
      const ended = await teleworker(daemon, ["stop", "mine", other]);
      deepEqual(ended, { code: 1, stdout: "", stderr: `teleworker: There is no job "${other}"\n` });
    }
    for (const id of [mine, theirs.id]) {
      const root = await teleworker(daemon, ["status", "--output", "json", id], { identity: "root" });
      equal(JSON.parse(root.stdout).state, "running");
    }
  });

  await t.step("and not for a user, who may only look", async () => {
    const { code, stdout, stderr } = await teleworker(daemon, ["stop", "mine"], { identity: "eve" });
    deepEqual({ code, stdout }, { code: 1, stdout: "" });
    match(stderr, /^teleworker: Cannot stop jobs: the role "user" may not\n$/);
  });

  await t.step("of others for an admin", async () => {
    const { code } = await teleworker(daemon, ["stop", "theirs"], { identity: "root" });
    equal(code, 0);
  });
});

Deno.test("stop waits for the end of a job across a restart of the daemon", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const program = 'trap "" TERM; echo ready; while :; do sleep 0.02; done';
  const { id } = await alice.start({ command: "sh", args: ["-c", program] });
  await until("the job is ready", async () => (await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text()) !== "");
  const stopping = teleworker(daemon, ["stop", "--grace", "1s", id]);
  await until("the stop has begun", async () => {
    return await Deno.stat(`${daemon.state}/jobs/${id}/stop.json`).then(() => true, () => false);
  });
  await daemon.end("SIGKILL");
  await daemon.run();
  const { code, stdout } = await stopping;
  deepEqual({ code, stdout }, { code: 0, stdout: `${id} stopped SIGKILL\n` });
});

Deno.test("stop: each command → a key of its own, which the job's note has", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const program = 'trap "echo term" TERM; echo ready; while :; do sleep 0.02; done';
  const { id } = await alice.start({ command: "sh", args: ["-c", program] });
  const printed = async (text: string) => {
    const path = `/v1/jobs/${id}/stdout`;
    await until(`it has printed ${text}`, async () => await (await alice.send("GET", path)).text() === text);
  };
  await printed("ready\n");
  const stops = [teleworker(daemon, ["stop", "--grace", "1h", id])];
  await printed("ready\nterm\n");
  stops.push(teleworker(daemon, ["stop", "--grace", "1h", id]));
  await printed("ready\nterm\nterm\n");
  const note = JSON.parse(await Deno.readTextFile(`${daemon.state}/jobs/${id}/stop.json`));
  equal(new Set(note.requests).size, 2);
  await teleworker(daemon, ["stop", "--kill", id]);
  deepEqual((await Promise.all(stops)).map(({ stdout }) => stdout), Array(2).fill(`${id} stopped SIGKILL\n`));
});

Deno.test("stop: daemon is killed meanwhile → says once that it is away, and guesses nothing", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const script = "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done";
  const output = async (id: string) => await (await alice.send("GET", `/v1/jobs/${id}/stdout`)).text();
  const jobs = await Promise.all([1, 2, 3].map(() => alice.start({ command: "sh", args: ["-c", script] })));
  for (const { id } of jobs) await until("it is ready", async () => (await output(id)).includes("ready"));
  await using client = new LiveClient(daemon, ["stop", "--grace", "60s", ...jobs.map(({ id }) => id)]);
  for (const { id } of jobs) await until("it was asked to stop", async () => (await output(id)).includes("asked"));
  await daemon.end("SIGKILL");
  await client.notes("trying again");
  await daemon.run();
  using again = await Https.as(daemon, "alice");
  for (const { id } of jobs) {
    await again.job(await again.send("POST", `/v1/jobs/${id}/stop`, { signal: "SIGKILL", graceSeconds: 0 }));
  }
  const { code, stderr } = await client.ended;
  equal(code, 0);
  match(
    stderr,
    /^teleworker: Cannot reach the server at "\S+": (it closed the connection|connection refused; .*\?); trying again\n$/,
  );
});
