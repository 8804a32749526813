import { deepEqual, equal, match, rejects } from "../support/assert.ts";
import { WorkerError } from "../../lib/worker/mod.ts";
import { TestWorker } from "./worker.ts";

// Only root can become somebody else.
const ignore = Deno.uid() !== 0;

Deno.test({
  name: "a job runs as the account that it is given, without the daemon's groups",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const lines =
      (await test.shell("id -un; id -Gn; grep -E '^(Uid|Gid|CapEff)' /proc/self/status", { user: "nobody" })).split(
        "\n",
      );
    deepEqual(lines.slice(0, 2), ["nobody", "nogroup"]);
    match(lines[2] ?? "", /^Uid:\t65534\t65534\t65534\t65534$/);
    match(lines[4] ?? "", /^CapEff:\t0+$/);
  },
});

Deno.test({
  name: "a job of another account can open its stdout and stderr anew",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const job = await test.run(["sh", "-c", "echo out >/dev/stdout; echo err >/dev/stderr"], { user: "nobody" });
    deepEqual([await test.text(job.id), await test.text(job.id, "stderr")], ["out\n", "err\n"]);
  },
});

Deno.test({
  name: "a job of another account has its home in its environment, unless it was given one",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const names = "echo $HOME $USER $LOGNAME";
    equal(await test.shell(names, { user: "nobody" }), "/nonexistent nobody nobody\n");
    equal(await test.shell(names, { user: "nobody", env: { HOME: "/tmp" } }), "/tmp nobody nobody\n");
  },
});

Deno.test({
  name: "a job of another account cannot leave its cgroup, nor read the state folder",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const script = `for group in $(cut -d: -f3 /proc/self/cgroup); do
      for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do [ ! -w "$tree$group/cgroup.procs" ] || echo "$tree$group"; done
    done; ls '${test.state}' || true`;
    equal(await test.shell(script, { user: "nobody" }), "");
  },
});

Deno.test({
  name: "a working folder or program that the account may not use makes the job fail",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const cwd = `${test.folder}/private`;
    await Deno.mkdir(cwd, { mode: 0o700 });
    const folder = await test.run(["true"], { user: "nobody", cwd });
    deepEqual([folder.state, folder.reason], [
      "failed",
      `Cannot enter the working directory "${cwd}": permission denied`,
    ]);
    // What setsid(1) says of a program that a signal has ended.
    const misleading = `${test.folder}/did not exit normally`;
    await Deno.mkdir(misleading, { mode: 0o700 });
    equal((await test.run(["true"], { user: "nobody", cwd: misleading })).state, "failed");
    await Deno.chmod(test.folder, 0o755);
    const program = `${test.folder}/mine`;
    await Deno.writeTextFile(program, "#!/bin/sh\n", { mode: 0o700 });
    const job = await test.run([program], { user: "nobody" });
    deepEqual([job.state, job.reason], ["failed", `Cannot start "${program}": permission denied`]);
    equal(await test.text(job.id, "stderr"), "");
  },
});

Deno.test("an account that the host does not have is refused, and nothing is started", async () => {
  await using test = await TestWorker.open();
  for (const user of ["nobody-at-all", "--help"]) {
    await rejects(
      test.start(["true"], { user }),
      (error) =>
        error instanceof WorkerError && error.refusal === "unsupported" &&
        error.message === `Cannot run as "${user}": this host has no such user`,
    );
  }
  equal((await test.worker.list({ limit: 10 })).jobs.length, 0);
});

Deno.test({
  name: "twenty requests at once with one idempotency key and an account start one job",
  ignore,
  async fn() {
    await using test = await TestWorker.open();
    const starts = Array.from({ length: 20 }, () => test.start(["true"], { user: "nobody", idempotencyKey: "one" }));
    equal(new Set((await Promise.all(starts)).map(({ id }) => id)).size, 1);
  },
});
