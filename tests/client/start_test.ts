import { join } from "node:path";
import { deepEqual, equal, match, throws } from "../support/assert.ts";
import { toRequest } from "../../lib/client/job_flags.ts";
import { parse } from "../../lib/client/program.ts";
import { softAndHard } from "../../lib/client/values.ts";
import { jobSchema, limitsSchema } from "../../lib/contract/mod.ts";
import { Daemon } from "../support/daemon.ts";
import { Https } from "../support/https.ts";
import { teleworker } from "../support/teleworker.ts";
import { canLimit } from "../support/cgroups.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;

/** The request that `teleworker start` makes of these flags. */
function requestOf(...args: string[]) {
  const command = parse(["start", ...args]);
  if (command.verb !== "start") throw new Error(`Parsed as ${command.verb}`);
  return toRequest(command);
}

Deno.test("start --open-files: SOFT:HARD → both, and two that are the same as one number", () => {
  const asked = (text: string) => requestOf("--open-files", text, "--", "ls").limits?.openFiles;
  deepEqual([asked("256"), asked("256:1024"), asked("256:256")], [256, { soft: 256, hard: 1024 }, 256]);
  for (const text of ["x", "", ":", ":30", "30:40:50", "30 :40", "3e2", "+30", "30:-40"]) {
    equal(softAndHard(limitsSchema.shape.openFiles).parse(text).success, false, text);
  }
});

Deno.test("start asks for what its flags say", () => {
  const flags = [
    ...["--name", "backup", "-e", "A=1", "--env", "B=2=3", "-e", "C=", "--cwd", "/srv", "--timeout", "5m"],
    ...["--cpus", "50%", "--cpu-weight", "50", "--memory", "256M", "--pids", "64", "--read-bps", "1M"],
    ...["--write-bps", "512K", "--read-iops", "100", "--write-iops", "200", "--io-weight", "10"],
  ];
  deepEqual(requestOf(...flags, "--", "tar", "-czf", "/srv/a.tgz"), {
    command: "tar",
    args: ["-czf", "/srv/a.tgz"],
    name: "backup",
    env: { A: "1", B: "2=3", C: "" },
    cwd: "/srv",
    timeoutSeconds: 300,
    limits: {
      cpus: 0.5,
      cpuWeight: 50,
      memoryBytes: 2 ** 28,
      pids: 64,
      readBytesPerSecond: 2 ** 20,
      writeBytesPerSecond: 2 ** 19,
      readOperationsPerSecond: 100,
      writeOperationsPerSecond: 200,
      ioWeight: 10,
    },
  });
});

Deno.test("Start: --stop-scope → asked for unless default; another word is refused", async () => {
  equal(requestOf("--stop-scope", "main", "--", "true").stopScope, "main");
  equal(Object.hasOwn(requestOf("--stop-scope", "all", "--", "true"), "stopScope"), false);
  const nowhere = { address: "127.0.0.1:1", certs: "/nonexistent" };
  const { code, stderr } = await teleworker(nowhere, ["start", "--stop-scope", "none", "--", "true"]);
  equal(code, 2);
  match(stderr, /"none": it must be all or main/);
});

Deno.test("start without flags asks for no limits", () => {
  deepEqual(requestOf("--", "true"), { command: "true", args: [], limits: {} });
  deepEqual(requestOf("true"), { command: "true", args: [], limits: {} });
});

Deno.test("start takes everything after -- as it is", () => {
  const args = ["--", "--help", "-f", "--name", "x", "", "a b", "$(id)", '"', "'", "\n", "ü🙂"];
  deepEqual(requestOf("--", "printf", ...args), { command: "printf", args, limits: {} });
  deepEqual(requestOf("--", "--cpus"), { command: "--cpus", args: [], limits: {} });
});

Deno.test("start does not ask for a program without a name", () => {
  throws(() => requestOf("--", ""), { name: "UsageFailure", message: 'Cannot use COMMAND "": it must not be empty' });
});

Deno.test("start runs a job and says its id", async (t) => {
  await using daemon = await Daemon.start();
  using alice = await Https.as(daemon, "alice");

  await t.step("on stdout, and nothing else", async () => {
    const { code, stdout, stderr } = await teleworker(daemon, ["start", "--", "echo", "hello"]);
    deepEqual({ code, stderr }, { code: 0, stderr: "" });
    match(stdout, UUID);
    const job = await alice.wait(stdout.trim());
    deepEqual([job.state, job.exitCode, job.command, job.args], ["exited", 0, "echo", ["hello"]]);
  });

  await t.step("with a name, an environment, a folder and a timeout", async () => {
    const flags = ["--name", "named", "-e", "GREETING=a b\nc", "--cwd", "/usr", "--timeout", "1h"];
    const { stdout } = await teleworker(daemon, [
      "start",
      ...flags,
      "--",
      "sh",
      "-c",
      'printf "%s|%s" "$GREETING" "$PWD"',
    ]);
    const job = await alice.wait(stdout.trim());
    deepEqual([job.name, job.envNames, job.cwd, job.timeoutSeconds], ["named", ["GREETING"], "/usr", 3600]);
    const output = await alice.send("GET", `/v1/jobs/${job.id}/stdout`);
    equal(await output.text(), "a b\nc|/usr");
  });

  await t.step("with limits", async () => {
    const flags = ["--cpus", "0.5", "--memory", "64M", "--pids", "10"];
    const { code, stdout, stderr } = await teleworker(daemon, ["start", ...flags, "--", "true"]);
    if (!canLimit) {
      equal(code, 1);
      match(stderr, /^teleworker: Cannot limit /);
      return;
    }
    const { limits } = await alice.wait(stdout.trim());
    deepEqual([limits["cpus"], limits["memoryBytes"], limits["pids"]], [0.5, 2 ** 26, 10]);
  });

  await t.step("also when the program cannot be started, with the reason on stderr and exit code 1", async () => {
    const script = join(daemon.folder.path, "script");
    await Deno.writeTextFile(script, "#!/opt/no-such-interpreter\n", { mode: 0o755 });
    const failures = [
      [[script], `Cannot start "${script}": its interpreter "/opt/no-such-interpreter" does not exist`],
      [["no-such-program"], 'Cannot start "no-such-program": no such program in PATH'],
      [["/etc/passwd"], 'Cannot start "/etc/passwd": '],
      [["--cwd", "/no-such-folder", "true"], 'Cannot enter the working directory "/no-such-folder": '],
    ] as const;
    for (const [args, reason] of failures) {
      const { code, stdout, stderr } = await teleworker(daemon, ["start", ...args]);
      equal(code, 1);
      match(stdout, UUID);
      equal(stderr.slice(0, 12 + reason.length), `teleworker: ${reason}`);
      const job = await alice.job(await alice.send("GET", `/v1/jobs/${stdout.trim()}`));
      equal(job.state, "failed");
      equal(stderr, `teleworker: ${job.reason}\n`);
    }
  });

  await t.step("as the API's object with --output json", async () => {
    const { code, stdout } = await teleworker(daemon, ["start", "--output", "json", "--", "true"]);
    equal(code, 0);
    equal(jobSchema.parse(JSON.parse(stdout)).command, "true");
    equal(stdout.indexOf("\n"), stdout.length - 1);
  });

  await t.step("but not for what the server refuses", async () => {
    const refusals = [
      [["--name", "named", "true"], 'Cannot name the job "named": '],
    ] as const;
    for (const [args, reason] of refusals) {
      const { code, stdout, stderr } = await teleworker(daemon, ["start", ...args]);
      deepEqual({ code, stdout }, { code: 1, stdout: "" }, args.join(" "));
      equal(stderr.slice(0, 12 + reason.length), `teleworker: ${reason}`);
    }
  });
});

Deno.test("start does not wait for a server that has as many jobs as it may", async () => {
  await using daemon = await Daemon.start({ flags: ["--max-jobs", "1"] });
  equal((await teleworker(daemon, ["start", "--", "sleep", "1000"])).code, 0);
  const { code, stdout, stderr } = await teleworker(daemon, ["start", "--", "true"]);
  deepEqual({ code, stdout }, { code: 1, stdout: "" });
  match(stderr, /^teleworker: Cannot start the job: 1 jobs are running/);
});
