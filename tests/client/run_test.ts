import { join } from "node:path";
import { deepEqual, equal, match } from "../support/assert.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { programEnvironment, programWords } from "../support/programs.ts";
import { spawnTeleworker, teleworker } from "../support/teleworker.ts";
import { until } from "../support/until.ts";
import { canLimit } from "../support/cgroups.ts";
import { closedPort } from "./closed_port.ts";

Deno.test("run is as if the program ran here", async (t) => {
  await using daemon = await Daemon.start();

  await t.step("its streams stay apart", async () => {
    const ended = await teleworker(daemon, ["run", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    deepEqual(ended, { code: 7, stdout: "out\n", stderr: "err\n" });
  });

  for (const code of [0, 1, 125, 126, 127, 255]) {
    await t.step(`it exits with the program's ${code}`, async () => {
      const ended = await teleworker(daemon, ["run", "--", "sh", "-c", `exit ${code}`]);
      deepEqual(ended, { code, stdout: "", stderr: "" });
    });
  }

  for (const [signal, code] of [["TERM", 143], ["KILL", 137], ["USR1", 138]] as const) {
    await t.step(`it exits with ${code} for SIG${signal}`, async () => {
      const ended = await teleworker(daemon, ["run", "--", "sh", "-c", `echo before; kill -${signal} $$`]);
      deepEqual(ended, { code, stdout: "before\n", stderr: "" });
    });
  }

  const script = join(daemon.folder.path, "script");
  await Deno.writeTextFile(script, "#!/opt/no-such-interpreter\n", { mode: 0o755 });
  for (const command of ["no-such-program", "/etc/passwd", "/", script, script, script]) {
    await t.step(`it exits with 125 when "${command}" cannot be started`, async () => {
      const { code, stdout, stderr } = await teleworker(daemon, ["run", "--", command]);
      deepEqual({ code, stdout }, { code: 125, stdout: "" });
      equal(stderr.startsWith(`teleworker: Cannot start "${command}": `), true, stderr);
      equal(stderr.trimEnd().split("\n").length, 1);
    });
  }

  await t.step("the program gets its words untouched", async () => {
    const words = ["--", "--help", "-f", "", "a b", "$(id) `id` $HOME", "*", '"', "'", "\\n", "\n", "ü🙂"];
    const { stdout } = await teleworker(daemon, ["run", "--", "printf", "%s\\0", ...words]);
    deepEqual(stdout.split("\0").slice(0, -1), words);
  });

  await t.step("the program gets nothing of our environment, and no input", async () => {
    const ended = await teleworker(daemon, ["run", "--", "sh", "-c", "cat; pwd; env | grep TELEWORKER_HOST"]);
    deepEqual(ended, { code: 1, stdout: "/\n", stderr: "" });
  });

  await t.step("output without an end of line, or without a byte, is what it is", async () => {
    equal((await teleworker(daemon, ["run", "--", "printf", "no end"])).stdout, "no end");
    equal((await teleworker(daemon, ["run", "--", "true"])).stdout, "");
  });

  await t.step({
    name: "memory that was not enough is told",
    ignore: !canLimit,
    fn: async () => {
      const { code, stderr } = await teleworker(daemon, ["run", "--memory", "16M", "--", "tail", "/dev/zero"]);
      equal(code, 137);
      match(stderr, /^teleworker: .*out of memory/);
    },
  });

  await t.step("a timeout is told", async () => {
    const { code, stderr } = await teleworker(daemon, ["run", "--timeout", "100ms", "--", "sleep", "1000"]);
    equal(code, 143);
    match(stderr, /^teleworker: It ran past its timeout of 0\.1 s\n$/);
  });
});

Deno.test("run exits with 125 for failures of Teleworker's own", async (t) => {
  await t.step("a server that is not there", async () => {
    await using daemon = await Daemon.start();
    const address = closedPort();
    const ended = await teleworker({ address, certs: daemon.certs }, ["run", "--", "true"]);
    const stderr =
      `teleworker: Cannot reach the server at "https://${address}": connection refused; is teleworkerd running there?\n`;
    deepEqual(ended, { code: 125, stdout: "", stderr });
  });

  await t.step("no certificate", async () => {
    const { code, stderr } = await teleworker({ address: closedPort(), certs: "/nowhere" }, ["run", "--", "true"]);
    equal(code, 125);
    equal(
      stderr,
      'teleworker: Cannot find certificates: there is no "ca.pem" in "/nowhere"; name their folder with --certs\n',
    );
  });
});

Deno.test("run stops its job when nobody reads its output any more", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const client = spawnTeleworker(daemon, ["run", "--name", "noisy", "--", "yes"]);
  const stdout = client.stdout.getReader();
  await stdout.read();
  await stdout.cancel();
  const [{ code }, stderr] = await Promise.all([client.status, new Response(client.stderr).text()]);
  deepEqual({ code, stderr }, { code: 141, stderr: "" });
  const { jobs: [job] } = await (await alice.send("GET", "/v1/jobs?name=noisy")).json();
  const { state } = await until("the job is stopped", () => alice.wait(job.id));
  equal(state, "stopped");
});

Deno.test("run tells which job it leaves alone when its output cannot be written", async () => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");
  const [program, ...words] = programWords("teleworker");
  const address = ["--host", daemon.address, "--certs", daemon.certs, "--identity", "alice"];
  const { code, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      'exec "$@" >/dev/full',
      "sh",
      program,
      ...words,
      ...address,
      "run",
      "--",
      "sh",
      "-c",
      "echo x; sleep 9",
    ],
    ...programEnvironment({ NO_COLOR: "1" }),
    stdin: "null",
  }).output();
  const { jobs: [job] } = await (await alice.send("GET", "/v1/jobs")).json();
  const told = "Cannot write the output: no space left on device";
  const text = `teleworker: The job was not stopped: ${job.id}\nteleworker: ${told}\n`;
  deepEqual({ code, stderr: new TextDecoder().decode(stderr) }, { code: 125, stderr: text });
  equal(job.state, "running");
});
